"""Notes on decoded files, so that a survey need not decode them again."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from evonas.evaluation.data.fingerprint import pixel_digest
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.decoding import Decoded

MOST_KEPT = 4  # parts: train, validation, test, and the images that moments are measured on

File = tuple[str, int, int]
"""Path, size in bytes, and modification time in nanoseconds, which identify a file's content."""


@final
@dataclass(frozen=True)
class Note:
    """Facts about one decoded image.

    Attributes:
        size: (width, height) of the image in the file, upright.
        mode: Pillow's mode of the image in the file.
        num_frames: number of images in the file.
        is_turned: whether the file's orientation tag asks for a rotation or a mirroring.
        digest: digest of the pixels.
    """

    size: tuple[int, int]
    mode: str
    num_frames: int
    is_turned: bool
    digest: bytes

    @classmethod
    def of(cls, image: Decoded) -> "Note":
        """The note on a decoded image."""
        return cls(
            image.size, image.mode, image.num_frames, image.is_turned, pixel_digest(image.pixels)
        )


@final
@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read.

    Attributes:
        path: path of the file.
        why: error message.
    """

    path: Path
    why: str


Notes = tuple[Note | Unreadable, ...]
"""One entry for each file of a part, in order."""

_LAST: OrderedDict[tuple[tuple[File, ...], int | None], Notes] = OrderedDict()


def remember(
    files: tuple[File, ...], fitting: Fitting, notes: Sequence[Note | Unreadable]
) -> None:
    """Keep notes in this process, until too many newer ones are kept.

    Args:
        files: decoded files.
        fitting: fitting they were decoded for, whose size determines how far JPEGs are reduced.
        notes: one entry for each file.
    """
    _LAST[files, fitting.size] = tuple(notes)
    while len(_LAST) > MOST_KEPT:
        _LAST.popitem(last=False)


def remembered(files: tuple[File, ...], fitting: Fitting) -> Notes | None:
    """The notes on exactly these files; None if there are none."""
    return _LAST.get((files, fitting.size))


def identity(path: Path) -> File:
    """The identity of a file in its current state.

    A file that cannot be opened, such as a link to nowhere, has one too: reading it then reports
    the problem like that of any other bad file.
    """
    try:
        status = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), status.st_size, status.st_mtime_ns
