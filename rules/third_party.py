"""Rules from installed packages, by the entry point group ``evonas.rules`` (PyPA's specification).

The code of a package is imported when a name is used, so a broken one affects only the runs that
ask for its rules.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from evonas.entry_points import EntryPoints
from evonas.errors import RuleError
from evonas.rules.base import DESCRIPTIONS, AbstractRule, Transport

GROUP = "evonas.rules"


class RuleTable(Mapping[str, type[AbstractRule]]):
    """The rules of evonas and of installed packages by name; the latter are imported on first use.

    A name with two claimants is refused when it is used, since no run may depend on which of them
    was found first.

    Args:
        ours: the rules of evonas.
        points: the entry points of the group, each named as its rule is.
    """

    def __init__(
        self, ours: Mapping[str, type[AbstractRule]], points: Iterable[EntryPoint]
    ) -> None:
        self._ours = ours
        self._offered = EntryPoints(
            points,
            kind="rule",
            error=RuleError,
            renamed=f"its rule and its entry point in '{GROUP}'",
        )
        self._loaded: dict[str, type[AbstractRule]] = {}

    def __getitem__(self, name: str) -> type[AbstractRule]:
        """The rule called ``name``.

        Raises:
            KeyError: there is none.
            RuleError: its package cannot be imported, offers no rule, or claims a name that is
                taken.
        """
        if name not in self._offered:
            return self._ours[name]
        if name not in self._loaded:
            found, where = self._offered.load(name, is_ours=name in self._ours)
            self._loaded[name] = _checked(found, name=name, where=where)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ours, *self._offered.names]))

    def __len__(self) -> int:
        return len(self._ours.keys() | set(self._offered.names))

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in self._offered  # without importing anything

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Name and version of the packages, other than evonas, that provide these rules."""
        return self._offered.packages(names)


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all installed packages in the group."""
    return tuple(entry_points(group=GROUP))


def _checked(found: Any, *, name: str, where: str) -> type[AbstractRule]:
    if not (inspect.isclass(found) and issubclass(found, AbstractRule)):
        raise RuleError(
            f"{where}: expected a subclass of evonas.rules.AbstractRule, got {found!r}"
        )
    problems = list(_problems(found, name=name))
    if problems:
        raise RuleError(f"{where}: {'; '.join(problems)}")
    kind: type[AbstractRule] = found
    return kind


def _problems(rule: type[AbstractRule], *, name: str) -> Iterator[str]:
    """Where a class breaks the contract of ``AbstractRule``."""
    given = getattr(rule, "name", None)
    if given != name:
        yield f"expected the name '{name}' that its entry point has, got {given!r}"
    missing = [each for each in DESCRIPTIONS if not isinstance(getattr(rule, each, None), str)]
    if missing:
        yield f"expected the class attributes {', '.join(missing)}, found none"
    elif rule.transports not in get_args(Transport):
        expected = ", ".join(get_args(Transport))
        yield f"expected transports to be one of {expected}, got {rule.transports!r}"
    try:
        rule()
    except Exception as problem:  # abstract methods, options without a default
        yield f"expected to make one without arguments, got {type(problem).__name__}: {problem}"
