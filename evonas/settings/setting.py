"""One setting: a dataclass field that knows its help, its unit and what is allowed."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

SETTING = "setting"  # key of the metadata of a field


@dataclass(frozen=True)
class Unset:
    """The value of a setting that the user left open and that only a run can fill in.

    A tree may hold it where its type says ``int`` or ``str``; ``evonas.study.resolve`` puts the
    value of the data set, the space or the machine in its place before anything is computed.

    Attributes:
        meaning: what will be taken, for the user.
    """

    meaning: str

    def __str__(self) -> str:
        return self.meaning


@dataclass(frozen=True)
class Setting:
    """What is known of one setting.

    Attributes:
        name: name of the field; in the command line with dashes.
        group: name of its group in the tree.
        kind: the type of a value once a run has begun.
        default: default of the field; :class:`Unset` where only a run can tell.
        help: one line for the user.
        unit: what a number counts; empty for names.
        at_least: the smallest number allowed.
        above: what a number must exceed.
        choices: names that are allowed, with their meaning; empty where a table decides.
        table: what lists the allowed names: ``rules`` for ``evonas rules``; empty if nothing does.
        example: a value as the user would write it, for error messages.
        option: its name on the command line, where that is not its own.
        also: a second name on the command line.
        decides_result: whether two runs that differ in it may have different results. Only what
            decides is written into ``config.yaml``.
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
        """Of the items of a list, None for a single value."""
        if get_origin(self.kind) is tuple:
            item: type = get_args(self.kind)[0]
            return item
        return None

    @property
    def plain_type(self) -> type:
        """``str``, ``int``, ``float`` or ``bool``: of the value, or of the items of a list."""
        if get_origin(self.kind) is Literal:
            return str
        kinds = [kind for kind in get_args(self.kind) or (self.kind,) if kind is not type(None)]
        plain: type = kinds[0]
        return plain

    @property
    def takes_fraction(self) -> bool:
        """Whether it is a number that is read from a text, as it may be a fraction: ``1/255``."""
        return self.plain_type is str and "/" in self.example

    @property
    def may_be_none(self) -> bool:
        """Whether None is a value of its own."""
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
    """A field of a group of settings; see :class:`Setting`.

    Args:
        summary: one line of help.
        default: a value, or what :func:`unset` gives.
        unit: what a number counts.
        at_least: the smallest number allowed.
        above: what a number must exceed.
        choices: names that are allowed, with their meaning.
        table: what lists the allowed names.
        example: a value as the user would write it.
        option: its name on the command line.
        also: a second name there.
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
    """The default of a setting that only a run can fill in, typed as whatever it stands for."""
    return Unset(meaning)


def settings_of(group: type, *, name: str) -> list[Setting]:
    """The settings of one group, in the order of its fields.

    Args:
        group: a dataclass whose fields are made by :func:`setting`.
        name: name of the group in the tree.
    """
    types = get_type_hints(group)
    return [_setting(each, name, types[each.name]) for each in fields(group)]


def _setting(of: Field[Any], group: str, kind: Any) -> Setting:
    return Setting(
        name=of.name, group=group, kind=kind, default=of.default, **of.metadata[SETTING]
    )
