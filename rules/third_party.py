"""Rules from installed packages, by the entry point group ``evonas.rules`` (PyPA's specification).

The metadata of a package maps names to classes, so names are known without importing it. Its code
is imported when a name is used, in the process that uses it. A broken package therefore affects
only the runs that ask for its rules.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import get_args

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
        self._points: dict[str, list[EntryPoint]] = {}
        for point in points:
            self._points.setdefault(point.name, []).append(point)
        self._loaded: dict[str, type[AbstractRule]] = {}

    def __getitem__(self, name: str) -> type[AbstractRule]:
        """The rule called ``name``.

        Raises:
            KeyError: there is none.
            RuleError: its package cannot be imported, offers no rule, or claims a name that is
                taken.
        """
        if name not in self._points:
            return self._ours[name]
        if name not in self._loaded:
            self._refuse_clash(name)
            self._loaded[name] = _load(self._points[name][0])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ours, *sorted(self._points)]))

    def __len__(self) -> int:
        return len(self._ours.keys() | self._points.keys())

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in self._points  # without importing anything

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Name and version of the packages, other than evonas, that provide these rules."""
        points = (point for name in names for point in self._points.get(name, ()))
        return {point.dist.name: point.dist.version for point in points if point.dist}

    def _refuse_clash(self, name: str) -> None:
        claims = [_origin(point) for point in self._points[name]]
        if name in self._ours:
            claims.insert(0, "evonas itself")
        if len(claims) > 1:
            raise RuleError(
                f"rule '{name}' is offered by {' and by '.join(claims)}: a name has one rule; "
                f"uninstall a package, or rename its rule and its entry point in '{GROUP}'"
            )


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all installed packages in the group."""
    return tuple(entry_points(group=GROUP))


def _load(point: EntryPoint) -> type[AbstractRule]:
    where = f"rule '{point.name}' of {_origin(point)}"
    try:
        found = point.load()
    except Exception as problem:  # whatever a third party's module raises
        raise RuleError(
            f"{where}: cannot be imported ({type(problem).__name__}: {problem}); "
            "repair or uninstall the package"
        ) from problem
    if not (inspect.isclass(found) and issubclass(found, AbstractRule)):
        raise RuleError(
            f"{where}: expected a subclass of evonas.rules.AbstractRule, got {found!r}"
        )
    problems = list(_problems(found, name=point.name))
    if problems:
        raise RuleError(f"{where}: {'; '.join(problems)}")
    return found


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


def _origin(point: EntryPoint) -> str:
    """``package 'name' 1.0``, or the entry point where no package is known."""
    if point.dist is None:
        return f"entry point '{point.value}'"
    return f"package '{point.dist.name}' {point.dist.version}"
