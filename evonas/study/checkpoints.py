"""Checkpoints of candidates that may be trained further: one file each, in the run's folder.

A checkpoint is written before the journal entry that refers to it, and removed once the journal
records what became of the candidate. A missing or damaged checkpoint costs time but does not
change the result: the candidate is trained from the start, to the same values. Each file begins
with a hash of its content.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from evonas.study.weights import write_whole

CHECKPOINTS_FOLDER = "checkpoints"
SEAL_BYTES = 65  # a SHA-256 in hexadecimal and a newline


def save_checkpoint(folder: Path, key: str, epochs: int, checkpoint: bytes) -> None:
    """Save the training of ``key`` as of the end of ``epochs``."""
    sealed = _seal(key, epochs, checkpoint) + checkpoint
    write_whole(_path(folder, key, epochs), sealed)


def read_checkpoint(folder: Path, key: str, epochs: int) -> bytes:
    """The saved state; empty if it is missing or damaged."""
    path = _path(folder, key, epochs)
    return _content(path.read_bytes(), key, epochs) if path.exists() else b""


def is_intact(path: Path) -> bool:
    """Whether a checkpoint file matches its hash.

    Args:
        path: in the folder of checkpoints of a run.
    """
    key, _, epochs = path.stem.rpartition("-")
    return epochs.isdecimal() and bool(_content(path.read_bytes(), key, int(epochs)))


def remove_checkpoints(folder: Path, keys: Collection[str], *, below: int | None = None) -> None:
    """Remove the checkpoints of some candidates; with ``below``, only those of fewer epochs."""
    for key in keys:
        for path in (folder / CHECKPOINTS_FOLDER).glob(f"{key}-*.pt"):
            if below is None or _epochs(path) < below:
                path.unlink(missing_ok=True)


def sweep_checkpoints(folder: Path, needed: Collection[tuple[str, int]]) -> None:
    """Remove partial files, and all checkpoints but those of the given candidates and epochs."""
    keep = {_path(folder, key, epochs) for key, epochs in needed}
    for path in (folder / CHECKPOINTS_FOLDER).glob("*"):
        if path not in keep:
            path.unlink(missing_ok=True)


def _path(folder: Path, key: str, epochs: int) -> Path:
    return folder / CHECKPOINTS_FOLDER / f"{key}-{epochs}.pt"


def _seal(key: str, epochs: int, checkpoint: bytes) -> bytes:
    """The seal covers candidate and epoch, so checkpoints cannot be mixed up."""
    sha256 = hashlib.sha256(f"{key} {epochs}\n".encode())
    sha256.update(checkpoint)
    return f"{sha256.hexdigest()}\n".encode()


def _content(sealed: bytes, key: str, epochs: int) -> bytes:
    content = sealed[SEAL_BYTES:]
    return content if sealed[:SEAL_BYTES] == _seal(key, epochs, content) else b""


def _epochs(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
