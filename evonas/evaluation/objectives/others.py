"""Objectives of others: ``module:function``, and entry points of the group ``evonas.objectives``.

A name is enough to find one, in any process: its code is imported when it is first used. So a
broken package affects only the runs that ask for what it offers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from evonas.errors import ObjectiveError
from evonas.evaluation.objectives.guarded import guarded
from evonas.evaluation.objectives.objective import Objective
from evonas.evaluation.objectives.own_module import is_own, load_own

GROUP = "evonas.objectives"


class ObjectiveTable(Mapping[str, Objective]):
    """The objectives of evonas and of installed packages by name, and any ``module:function``.

    Iterating gives the named ones. A name with two claimants is refused when it is used.

    Args:
        ours: the objectives of evonas.
        find_points: gives the entry points of the group; called when one may be meant.
    """

    def __init__(
        self, ours: Mapping[str, Objective], find_points: Callable[[], Iterable[EntryPoint]]
    ) -> None:
        self._ours = ours
        self._find_points = find_points
        self._loaded: dict[str, Objective] = {}

    def __getitem__(self, name: str) -> Objective:
        """The objective called ``name``.

        Raises:
            KeyError: there is none.
            ObjectiveError: it cannot be imported, is no objective, or its name is taken.
        """
        if name in self._loaded:
            return self._loaded[name]
        if is_own(name):
            self._loaded[name] = _checked(load_own(name), name=name, where=f"objective '{name}'")
        elif name in self._ours and name not in self._points:
            self._loaded[name] = self._ours[name]
        else:
            self._loaded[name] = self._load_point(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ours, *sorted(self._points)]))

    def __len__(self) -> int:
        return len(self._ours.keys() | self._points.keys())

    def __contains__(self, name: object) -> bool:
        """Whether it is a known name, or has the form of one's own; nothing is imported."""
        if name in self._ours or (isinstance(name, str) and is_own(name)):
            return True
        return name in self._points

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Name and version of the packages, other than evonas, that provide these objectives."""
        points = (point for name in names for point in self._points.get(name, ()))
        return {point.dist.name: point.dist.version for point in points if point.dist}

    def forget(self) -> None:
        """Look everything up again."""
        self._loaded.clear()
        self.__dict__.pop("_points", None)

    @cached_property
    def _points(self) -> dict[str, list[EntryPoint]]:
        found: dict[str, list[EntryPoint]] = {}
        for point in self._find_points():
            found.setdefault(point.name, []).append(point)
        return found

    def _load_point(self, name: str) -> Objective:
        points = self._points[name]
        claims = ["evonas itself"] * (name in self._ours) + [_origin(point) for point in points]
        if len(claims) > 1:
            raise ObjectiveError(
                f"objective '{name}' is offered by {' and by '.join(claims)}: a name has one "
                f"objective; uninstall a package, or rename its entry point in '{GROUP}'"
            )
        where = f"objective '{name}' of {claims[0]}"
        try:
            found = points[0].load()
        except Exception as problem:  # whatever a third party's module raises
            raise ObjectiveError(
                f"{where}: cannot be imported ({type(problem).__name__}: {problem}); "
                "repair or uninstall the package"
            ) from problem
        return _checked(found, name=name, where=where)


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all installed packages in the group."""
    return tuple(entry_points(group=GROUP))


def _checked(found: Any, *, name: str, where: str) -> Objective:
    """The objective under the name by which it was asked for, its failures caught."""
    if not isinstance(found, Objective):
        hint = (
            "; say what it is by the decorator "
            '@evonas.objective(direction="maximise", unit="fraction")'
            if callable(found)
            else ""
        )
        raise ObjectiveError(f"{where}: expected an evonas.Objective, got {found!r}{hint}")
    problem = found.problem
    if problem is not None:
        raise ObjectiveError(f"{where}: {problem}")
    return replace(found, name=name, measure=guarded(found.measure, name=name))


def _origin(point: EntryPoint) -> str:
    if point.dist is None:
        return f"entry point '{point.value}'"
    return f"package '{point.dist.name}' {point.dist.version}"
