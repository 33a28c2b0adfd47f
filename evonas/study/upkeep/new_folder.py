"""Create a folder completely or not at all: fill it under another name, then rename it."""

from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

MAX_NAME_SHOWN = 20  # characters; with what mkdtemp adds, every file system takes the name


def folder_to_rename(place: Path) -> Path:
    """Create an empty temporary folder in the parent of ``place``, to be filled and renamed.

    Missing parents of ``place`` are created, but none if the file system refuses a later part of
    the path.

    Raises:
        OSError: it cannot be created.
    """
    _check_names(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    return Path(mkdtemp(prefix=f".{place.name[:MAX_NAME_SHOWN]}.", dir=place.parent))


def existing_parent(path: Path) -> Path:
    """The nearest parent of a path that exists.

    Raises:
        OSError: the file system refuses the path.
    """
    return next(parent for parent in path.parents if parent.exists())


def _check_names(path: Path) -> None:
    parent = existing_parent(path)
    # looked up in the parent that exists: below a missing folder, every name is just missing
    for missing in (path, *(parent / name for name in path.relative_to(parent).parts)):
        with suppress(FileNotFoundError):
            missing.lstat()
