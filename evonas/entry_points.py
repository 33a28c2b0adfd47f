"""Objects that installed packages provide in one entry point group (PyPA's specification).

The metadata of a package maps names to objects, so names are known without importing it. Its code
is imported when a name is used, in the process that uses it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from typing import Any, TypeVar, final

from evonas.errors import InputError

Entry = TypeVar("Entry")


@final
class EntryPoints:
    """The entry points of a group; a name claimed twice is an error when it is used.

    Args:
        points: entry points of the group.
        kind: what they provide, in the singular, for messages.
        error: class of error to raise.
        renamed: what a package has to rename if two claim the same name.
    """

    def __init__(
        self, points: Iterable[EntryPoint], *, kind: str, error: type[InputError], renamed: str
    ) -> None:
        self._kind = kind
        self._error = error
        self._renamed = renamed
        self._points: dict[str, list[EntryPoint]] = {}
        for point in points:
            self._points.setdefault(point.name, []).append(point)

    @property
    def names(self) -> list[str]:
        """All provided names, sorted."""
        return sorted(self._points)

    def __contains__(self, name: object) -> bool:
        return name in self._points

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Return name and version of the packages that provide these names."""
        points = (point for name in names for point in self._points.get(name, ()))
        return {point.dist.name: point.dist.version for point in points if point.dist}

    def load(self, name: str, *, is_ours: bool) -> tuple[Any, str]:
        """Load the object called ``name``; also return the beginning of messages about it.

        Args:
            name: a provided name.
            is_ours: whether evonas itself uses the name, too.

        Raises:
            InputError: of class ``error``: the name is claimed twice, or cannot be imported.
        """
        points = self._points[name]
        claims = ["evonas itself"] * is_ours + [_origin(point) for point in points]
        if len(claims) > 1:
            raise self._error(
                f"{self._kind} '{name}' is offered by {' and by '.join(claims)}: a name has one "
                f"{self._kind}; uninstall a package, or rename {self._renamed}"
            )
        where = f"{self._kind} '{name}' of {claims[0]}"
        try:
            return points[0].load(), where
        except Exception as problem:  # whatever a third party's module raises
            raise self._error(
                f"{where}: cannot be imported ({type(problem).__name__}: {problem}); "
                "repair or uninstall the package"
            ) from problem


class OfferedTable(Mapping[str, Entry]):
    """Objects of evonas and of installed packages, by name; packages are imported on first use.

    A name claimed twice is an error when it is used, because no run may depend on which of the two
    was found first.

    Args:
        ours: objects of evonas, by name.
        offered: entry points of the group.
        accept: function that makes an entry of an object, its name and the beginning of messages
            about it; raises if the object is not valid.
    """

    def __init__(
        self,
        ours: Mapping[str, Entry],
        offered: EntryPoints,
        accept: Callable[[Any, str, str], Entry],
    ) -> None:
        self._ours = ours
        self._offered = offered
        self._accept = accept
        self._accepted: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        """Return the entry called ``name``.

        Raises:
            KeyError: there is no such entry.
            InputError: of the class of the entry points: its package cannot be imported, provides
                an invalid object, or claims a name that is taken.
        """
        if name not in self._offered:
            return self._ours[name]
        if name not in self._accepted:
            found, where = self._offered.load(name, is_ours=name in self._ours)
            self._accepted[name] = self._accept(found, name, where)
        return self._accepted[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._ours, *self._offered.names]))

    def __len__(self) -> int:
        return len(self._ours.keys() | set(self._offered.names))

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in self._offered  # without importing anything

    def packages(self, names: Iterable[str]) -> dict[str, str]:
        """Return name and version of the packages, other than evonas, that provide these."""
        return self._offered.packages(names)


def _origin(point: EntryPoint) -> str:
    """Return ``package 'name' 1.0``, or the entry point if no package is known."""
    if point.dist is None:
        return f"entry point '{point.value}'"
    return f"package '{point.dist.name}' {point.dist.version}"
