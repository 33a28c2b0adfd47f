"""Cached notes on decoded files, so that they need not be decoded again."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from evonas.evaluation.data.fingerprint import pixel_digest
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.decoding import Decoded

MOST_KEPT = 4  # of parts: train, validation, test, and what mean and deviation are measured on

File = tuple[str, int, int]
"""Path, bytes, and time of the last change in nanoseconds: where equal, the file is the same."""


@final
@dataclass(frozen=True)
class Note:
    """Of one image.

    Attributes:
        size: (width, height) in the file, upright.
        mode: Pillow's name of its pixels.
        num_frames: images in the file.
        is_turned: whether the file asks for its image to be turned or mirrored.
        digest: digest of the pixels.
    """

    size: tuple[int, int]
    mode: str
    num_frames: int
    is_turned: bool
    digest: bytes

    @classmethod
    def of(cls, image: Decoded) -> "Note":
        """Of an image that was decoded."""
        return cls(
            image.size, image.mode, image.num_frames, image.is_turned, pixel_digest(image.pixels)
        )


@final
@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read.

    Attributes:
        path: path of the file.
        why: the message.
    """

    path: Path
    why: str


Notes = tuple[Note | Unreadable, ...]
"""One for each file of a part, in their order."""

_LAST: OrderedDict[tuple[tuple[File, ...], int | None], Notes] = OrderedDict()


def remember(
    files: tuple[File, ...], fitting: Fitting, notes: Sequence[Note | Unreadable]
) -> None:
    """Keep what was found in this process, until others are kept.

    Args:
        files: the files that were decoded.
        fitting: its size says how far a JPEG was reduced.
        notes: one for each file.
    """
    _LAST[files, fitting.size] = tuple(notes)
    while len(_LAST) > MOST_KEPT:
        _LAST.popitem(last=False)


def remembered(files: tuple[File, ...], fitting: Fitting) -> Notes | None:
    """The notes on exactly these files; None if unknown."""
    return _LAST.get((files, fitting.size))


def identity(path: Path) -> File:
    """Of a file as it is now.

    Raises:
        OSError: there is none.
    """
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns
