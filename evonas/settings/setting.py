"""One setting: a dataclass field with help text, unit and allowed values."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

SETTING = "setting"  # key in a field's metadata


@dataclass(frozen=True)
class Unset:
    """The value of a setting that the user left open and that only a run can determine.

    A tree may hold it even if the type is ``int`` or ``str``; ``evonas.study.resolve`` replaces it
    by the value of the data set, the space or the machine before anything is computed.

    Attributes:
        meaning: description of the value that will be used, for the user.
    """

    meaning: str

    def __str__(self) -> str:
        return self.meaning


@dataclass(frozen=True)
class Setting:
    """Description of one setting.

    Attributes:
        name: name of the field; on the command line with dashes.
        group: name of its group in the tree.
        kind: type of its value once a run has started.
        default: default value; :class:`Unset` if only a run can determine it.
        help: one line for the user.
        unit: unit of a number; empty for names.
        at_least: smallest number allowed.
        above: exclusive lower bound of a number.
        choices: allowed names with their meaning; empty if a table defines them.
        table: command that lists the allowed names: ``rules`` for ``evonas rules``; or empty.
        example: a value as the user would write it, for error messages.
        option: name on the command line, if it differs from ``name``.
        also: second name on the command line.
        decides_result: whether two runs that differ in it may have different results. Only these
            settings are written to ``config.yaml``.
    """

    name: str
    group: str
    kind: Any
    default: Any
    help: str
    unit: str
    at_least: float | None
    above: float | None
    choices: Mapping[str, str]
    table: str
    example: str
    option: str
    also: str
    decides_result: bool

    @property
    def item_type(self) -> type | None:
        """Type of the items of a list; None for a single value."""
        if get_origin(self.kind) is tuple:
            item: type = get_args(self.kind)[0]
            return item
        return None

    @property
    def plain_type(self) -> type:
        """Type of the value, or of a list's items: ``str``, ``int``, ``float`` or ``bool``."""
        if get_origin(self.kind) is Literal:
            return str
        kinds = [kind for kind in get_args(self.kind) or (self.kind,) if kind is not type(None)]
        plain: type = kinds[0]
        return plain

    @property
    def takes_fraction(self) -> bool:
        """Whether it is a number given as text, because it may be a fraction: ``1/255``."""
        return self.plain_type is str and "/" in self.example

    @property
    def may_be_none(self) -> bool:
        """Whether None is a valid value."""
        return type(None) in get_args(self.kind)


def setting(
    summary: str,
    *,
    default: Any,
    unit: str = "",
    at_least: float | None = None,
    above: float | None = None,
    choices: Mapping[str, str] | None = None,
    table: str = "",
    example: str = "",
    option: str = "",
    also: str = "",
    decides_result: bool = True,
) -> Any:
    """Define a field of a group of settings; see :class:`Setting`.

    Args:
        summary: one line of help.
        default: default value, or the result of :func:`unset`.
        unit: unit of a number.
        at_least: smallest number allowed.
        above: exclusive lower bound of a number.
        choices: allowed names with their meaning.
        table: command that lists the allowed names.
        example: a value as the user would write it.
        option: name on the command line.
        also: second name on the command line.
        decides_result: whether it may change a result.
    """
    about = {
        "help": summary,
        "unit": unit,
        "at_least": at_least,
        "above": above,
        "choices": choices or {},
        "table": table,
        "example": example,
        "option": option,
        "also": also,
        "decides_result": decides_result,
    }
    return field(default=default, metadata={SETTING: about})


def unset(meaning: str) -> Any:
    """Return a default that only a run can determine, typed as the value that replaces it."""
    return Unset(meaning)


def settings_of(group: type, *, name: str) -> list[Setting]:
    """Return the settings of one group, in the order of its fields.

    Args:
        group: dataclass whose fields are made by :func:`setting`.
        name: name of the group in the tree.
    """
    types = get_type_hints(group)
    return [_setting(each, name, types[each.name]) for each in fields(group)]


def _setting(of: Field[Any], group: str, kind: Any) -> Setting:
    return Setting(
        name=of.name, group=group, kind=kind, default=of.default, **of.metadata[SETTING]
    )
