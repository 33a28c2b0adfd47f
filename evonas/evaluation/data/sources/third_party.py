"""Find data sets of installed packages through the entry point group ``evonas.datasets``.

An entry point names a subclass of ``AbstractSource`` that can be created without arguments.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, final

from evonas.entry_points import EntryPoints, OfferedTable
from evonas.errors import DataError
from evonas.evaluation.data.sources.base import AbstractSource

GROUP = "evonas.datasets"


@final
class DatasetTable(OfferedTable[AbstractSource]):
    """The data sets of evonas and of installed packages by name; raises DataError.

    Args:
        ours: data sets of evonas.
        points: function that returns the entry points of the group, each named like its data set.
    """

    def __init__(
        self, ours: Mapping[str, AbstractSource], points: Callable[[], Iterable[EntryPoint]]
    ) -> None:
        renamed = f"its data set and its entry point in '{GROUP}'"
        offered = EntryPoints(points(), kind="data set", error=DataError, renamed=renamed)
        super().__init__(ours, offered, _made)


def installed() -> tuple[EntryPoint, ...]:
    """Entry points of all installed packages in the group ``evonas.datasets``."""
    return tuple(entry_points(group=GROUP))


def _made(found: Any, name: str, where: str) -> AbstractSource:
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
