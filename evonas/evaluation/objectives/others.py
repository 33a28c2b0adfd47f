"""Third-party objectives: ``module:function``, and entry points of ``evonas.objectives``.

Any process can find an objective by its name alone: the code is imported on first use, so a
broken package affects only the runs that use its objectives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from evonas.entry_points import EntryPoints, OfferedTable
from evonas.errors import ObjectiveError
from evonas.evaluation.objectives.guarded import guarded
from evonas.evaluation.objectives.objective import Objective
from evonas.evaluation.objectives.own_module import is_own, load_own

GROUP = "evonas.objectives"


class ObjectiveTable(Mapping[str, Objective]):
    """The objectives of evonas and of installed packages by name, and any ``module:function``.

    Iterating gives the named objectives. A name that two providers claim is rejected on use.

    Args:
        ours: objectives of evonas.
        find_points: function that returns the entry points of the group; called when a name may
            refer to one.
    """

    def __init__(
        self, ours: Mapping[str, Objective], find_points: Callable[[], Iterable[EntryPoint]]
    ) -> None:
        self._ours = ours
        self._find_points = find_points
        self._own: dict[str, Objective] = {}

    def __getitem__(self, name: str) -> Objective:
        """The objective called ``name``.

        Raises:
            KeyError: there is none.
            ObjectiveError: it cannot be imported, is no valid objective, or its name is taken.
        """
        if not is_own(name):
            return self._named[name]
        if name not in self._own:
            self._own[name] = _checked(load_own(name), name, f"objective '{name}'")
        return self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        """Whether the name is known or has the form ``module:function``; imports nothing."""
        if name in self._ours or (isinstance(name, str) and is_own(name)):
            return True
        return name in self._named

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Names and versions of the packages, other than evonas, that provide these objectives."""
        return self._named.packages(names)

    def forget(self) -> None:
        """Clear all caches, so that objectives are looked up again."""
        self._own.clear()
        self.__dict__.pop("_named", None)

    @cached_property
    def _named(self) -> OfferedTable[Objective]:
        renamed = f"its entry point in '{GROUP}'"
        offered = EntryPoints(
            self._find_points(), kind="objective", error=ObjectiveError, renamed=renamed
        )
        return OfferedTable(self._ours, offered, _checked)


def installed() -> tuple[EntryPoint, ...]:
    """Entry points of all installed packages in the group ``evonas.objectives``."""
    return tuple(entry_points(group=GROUP))


def _checked(found: Any, name: str, where: str) -> Objective:
    """Check a loaded objective, give it the requested name, and guard its measure."""
    if not isinstance(found, Objective):
        hint = (
            "; declare it with the decorator "
            '@evonas.objective(direction="maximise", unit="fraction")'
            if callable(found)
            else ""
        )
        raise ObjectiveError(f"{where}: expected an evonas.Objective, got {found!r}{hint}")
    problem = found.problem
    if problem is not None:
        raise ObjectiveError(f"{where}: {problem}")
    return replace(found, name=name, measure=guarded(found.measure, name=name))
