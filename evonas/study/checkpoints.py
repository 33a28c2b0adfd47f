"""Half-trained candidates that may be trained on: one file each, in the folder of the run.

A checkpoint is on disk before the journal says that its candidate came so far, and is removed when
the journal says what became of it. One that is missing costs time, not the result: the candidate
is trained from the start, which ends in the same place.
"""

from collections.abc import Collection
from pathlib import Path

from evonas.study.weights import write_whole

CHECKPOINTS_FOLDER = "checkpoints"


def save_checkpoint(folder: Path, key: str, epochs: int, checkpoint: bytes) -> None:
    """Keep the training of ``key`` as it was after ``epochs``."""
    write_whole(_path(folder, key, epochs), checkpoint)


def read_checkpoint(folder: Path, key: str, epochs: int) -> bytes:
    """What was kept; empty if it is missing."""
    path = _path(folder, key, epochs)
    return path.read_bytes() if path.exists() else b""


def remove_checkpoints(folder: Path, keys: Collection[str], *, below: int | None = None) -> None:
    """Remove those of some candidates; if ``below`` is given, only of fewer epochs than that."""
    for key in keys:
        for path in (folder / CHECKPOINTS_FOLDER).glob(f"{key}-*.pt"):
            if below is None or _epochs(path) < below:
                path.unlink(missing_ok=True)


def sweep_checkpoints(folder: Path, needed: Collection[tuple[str, int]]) -> None:
    """Remove all but those of the candidates and epochs named, and half-written files."""
    keep = {_path(folder, key, epochs) for key, epochs in needed}
    for path in (folder / CHECKPOINTS_FOLDER).glob("*"):
        if path not in keep:
            path.unlink(missing_ok=True)


def _path(folder: Path, key: str, epochs: int) -> Path:
    return folder / CHECKPOINTS_FOLDER / f"{key}-{epochs}.pt"


def _epochs(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
