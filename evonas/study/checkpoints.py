"""Half-trained candidates that may be trained on: one file each, in the folder of the run.

A checkpoint is on disk before the journal says that its candidate came so far, and is removed when
the journal says what became of it. One that is missing, or is not what was written, costs time and
not the result: the candidate is trained from the start, which ends in the same place. So each file
begins with a hash of what follows.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from evonas.study.weights import write_whole

CHECKPOINTS_FOLDER = "checkpoints"
SEAL_BYTES = 65  # a SHA-256 in hexadecimal, and the end of its line


def save_checkpoint(folder: Path, key: str, epochs: int, checkpoint: bytes) -> None:
    """Keep the training of ``key`` as it was after ``epochs``."""
    sealed = _seal(key, epochs, checkpoint) + checkpoint
    write_whole(_path(folder, key, epochs), sealed)


def read_checkpoint(folder: Path, key: str, epochs: int) -> bytes:
    """What was kept; empty if it is missing or damaged."""
    path = _path(folder, key, epochs)
    return _content(path.read_bytes(), key, epochs) if path.exists() else b""


def is_intact(path: Path) -> bool:
    """Whether the file of a checkpoint is what was written.

    Args:
        path: in the folder of checkpoints of a run.
    """
    key, _, epochs = path.stem.rpartition("-")
    return epochs.isdecimal() and bool(_content(path.read_bytes(), key, int(epochs)))


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


def _seal(key: str, epochs: int, checkpoint: bytes) -> bytes:
    """Of one candidate at one epoch: a checkpoint of another is no checkpoint of it."""
    sha256 = hashlib.sha256(f"{key} {epochs}\n".encode())
    sha256.update(checkpoint)
    return f"{sha256.hexdigest()}\n".encode()


def _content(sealed: bytes, key: str, epochs: int) -> bytes:
    content = sealed[SEAL_BYTES:]
    return content if sealed[:SEAL_BYTES] == _seal(key, epochs, content) else b""


def _epochs(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
