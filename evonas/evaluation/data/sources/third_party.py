"""Data sets from installed packages, by the entry point group ``evonas.datasets``.

An entry point names a subclass of ``AbstractSource`` that can be made without arguments.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from evonas.entry_points import EntryPoints
from evonas.errors import DataError
from evonas.evaluation.data.sources.base import AbstractSource

GROUP = "evonas.datasets"


class DatasetTable(Mapping[str, AbstractSource]):
    """The data sets of evonas and of installed packages by name; the latter are made on first use.

    Args:
        ours: the data sets of evonas.
        points: gives the entry points of the group, each named as its data set is.
    """

    def __init__(
        self, ours: Mapping[str, AbstractSource], points: Callable[[], Iterable[EntryPoint]]
    ) -> None:
        self._ours = ours
        self._offered = EntryPoints(
            points(),
            kind="data set",
            error=DataError,
            renamed=f"its data set and its entry point in '{GROUP}'",
        )
        self._made: dict[str, AbstractSource] = {}

    def __getitem__(self, name: str) -> AbstractSource:
        """The data set called ``name``.

        Raises:
            KeyError: there is none.
            DataError: its package cannot be imported, offers no data set, or claims a name that
                is taken.
        """
        if name not in self._offered:
            return self._ours[name]
        if name not in self._made:
            found, where = self._offered.load(name, is_ours=name in self._ours)
            self._made[name] = _made(found, name=name, where=where)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ours, *self._offered.names]))

    def __len__(self) -> int:
        return len(self._ours.keys() | set(self._offered.names))

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in self._offered  # without importing anything

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Name and version of the packages, other than evonas, that provide these data sets."""
        return self._offered.packages(names)


def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all installed packages in the group."""
    return tuple(entry_points(group=GROUP))


def _made(found: Any, *, name: str, where: str) -> AbstractSource:
    if not (inspect.isclass(found) and issubclass(found, AbstractSource)):
        raise DataError(
            f"{where}: expected a subclass of "
            f"evonas.evaluation.data.sources.base.AbstractSource, got {found!r}"
        )
    for attribute in ("name", "title"):
        if not isinstance(getattr(found, attribute, None), str):
            raise DataError(f"{where}: expected a text as its class attribute {attribute}")
    if found.name != name:
        raise DataError(
            f"{where}: expected the name '{name}' that its entry point has, got '{found.name}'"
        )
    try:
        return found()
    except Exception as problem:  # abstract methods, arguments without a default
        raise DataError(
            f"{where}: expected to make one without arguments, got "
            f"{type(problem).__name__}: {problem}"
        ) from problem
