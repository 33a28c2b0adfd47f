"""Trained weights of the front, one safetensors file for each candidate, none for the others."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from evonas.errors import DataError

MODELS_FOLDER = "models"


def weights_path(folder: Path, key: str) -> Path:
    """The file for the weights of candidate ``key``."""
    return folder / MODELS_FOLDER / f"{key}.safetensors"


def kept_weights(folder: Path, key: str) -> Path:
    """The existing weights file of a candidate.

    Raises:
        DataError: its weights were not kept.
    """
    path = weights_path(folder, key)
    if not path.exists():
        raise DataError(
            f"{path}: the weights of candidate {key} were not kept; only those of candidates on "
            f"the front, or likely to be on it, are"
        )
    return path


def save_weights(folder: Path, key: str, weights: bytes) -> None:
    """Write the weights atomically."""
    write_whole(weights_path(folder, key), weights)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically, and create its folder if missing."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write to, which then takes the place of ``path``; its folder is created.

    If the block fails, ``path`` is what it was before.

    Args:
        path: path of the file; a device, such as ``/dev/stdout``, is written to directly.
    """
    path.parent.mkdir(exist_ok=True)
    if path.exists() and not path.is_file():
        yield path
        return
    # two processes may write the same report at once
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def keep_only(folder: Path, keys: Collection[str]) -> None:
    """Remove partial files, and the weights of every candidate that is not in ``keys``."""
    models = folder / MODELS_FOLDER
    for path in models.glob("*"):
        if path.suffix == ".tmp" or path.stem not in keys:
            path.unlink(missing_ok=True)
