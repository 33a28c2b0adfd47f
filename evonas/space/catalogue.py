"""Load a search space: a shipped one by name, or the user's own by path."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from evonas.errors import SpaceError, UnknownNameError
from evonas.registry import suggestion
from evonas.schema import structure
from evonas.space.space import Space
from evonas.space.spec import SpaceSpec, read_space
from evonas.strict_yaml import parse_yaml, read_text


def shipped() -> tuple[str, ...]:
    """Return the names of the spaces that come with evonas."""
    folder = files("evonas.search_spaces")
    endings = (entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(name.removesuffix(".yaml") for name in endings))


def load(name_or_path: str | Path) -> Space:
    """Load a space, at the size that its YAML states.

    Args:
        name_or_path: name of a shipped space, or path of a YAML file, ending in ``.yaml`` or
            ``.yml``.

    Raises:
        UnknownNameError: no shipped space has this name.
        SpaceError: the file cannot be read or does not describe a space; the message lists every
            problem with its path.
    """
    where, text = _read(name_or_path)
    return from_data(parse_yaml(text, where=where), where=where)


def source_text(name_or_path: str | Path) -> str:
    """Return the YAML text of a space; a run keeps a copy of it.

    Raises:
        UnknownNameError: no shipped space has this name.
        SpaceError: the file cannot be read.
    """
    return _read(name_or_path)[1]


def _read(name_or_path: str | Path) -> tuple[str, str]:
    """Return the name of the source for messages, and its text."""
    if Path(name_or_path).suffix in (".yaml", ".yml"):
        path = Path(name_or_path)
        return str(path), read_text(path)
    name = str(name_or_path)
    known = shipped()
    if name not in known:
        raise UnknownNameError(
            f"unknown search space '{name}'{suggestion(name, known)} (known: {', '.join(known)}; "
            "a file of your own is given by its path, which ends in .yaml)"
        )
    resource = files("evonas.search_spaces").joinpath(f"{name}.yaml")
    return f"search_spaces/{name}.yaml", resource.read_text(encoding="utf-8")


def from_data(data: Any, *, where: str) -> Space:
    """Create a space from the plain data of a YAML file.

    Args:
        data: mappings, lists and scalars.
        where: name of the source in messages.

    Raises:
        SpaceError: the data do not describe a space.
    """
    spec = structure(data, SpaceSpec, where=where, customise=read_space)
    try:
        return Space(spec, spec.size.channels, spec.size.cells, spec.rules.choices)
    except SpaceError as problem:
        raise SpaceError(f"{where}: {problem}") from None
