"""Check files that stay on disk by decoding each of them once before they are used.

The results are cached in the user's cache folder, so that other processes need not repeat this.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np

from evonas.evaluation.data.fingerprint import Fingerprint
from evonas.evaluation.data.fitting import SKIP, Fitting
from evonas.evaluation.data.folder.decoding import Decoded
from evonas.evaluation.data.folder.listing import Listing
from evonas.evaluation.data.folder.notes import File, Note, Unreadable, identity, remember
from evonas.evaluation.data.folder.reading import UnreadableError, decoded, mixed_sizes
from evonas.evaluation.data.place import cache_dir

FORM = 1  # version of the cache format; entries of other versions are ignored


@final
@dataclass(frozen=True)
class Checked:
    """Results of checking the files of a part.

    Attributes:
        shape: (channels, height, width) of every image.
        bad: numbers of the unreadable files, each with the reason.
        fingerprint: fingerprint of the other images and labels, equal to that of images in memory.
    """

    shape: tuple[int, int, int]
    bad: tuple[tuple[int, str], ...]
    fingerprint: str


def check_files(listing: Listing, *, fitting: Fitting) -> Checked:
    """Check the files of a part by decoding them, unless the result is cached.

    Args:
        listing: listing of the part.
        fitting: size that images are fitted to, and whether to skip unreadable files.

    Raises:
        UnreadableError: files cannot be read and are not skipped, or no file can be read.
        DataError: images have different sizes.
    """
    files = tuple(map(identity, listing.paths))
    found = _checked(files, listing.labels, listing.classes, fitting)
    doubtful = [listing.paths[number] for number, _ in found.bad]
    # a file may have been unreadable for a while, or to this user, which leaves its identity
    if any(isinstance(image, Decoded) for _, image in decoded(doubtful, fitting=fitting)):
        _forget(files, listing.labels, listing.classes, fitting)
        found = _checked(files, listing.labels, listing.classes, fitting)
    if len(found.bad) == len(listing) or (found.bad and fitting.unreadable != SKIP):
        bad = [Unreadable(listing.paths[number], why) for number, why in found.bad]
        raise UnreadableError(bad, of=len(listing))
    return found


@lru_cache(maxsize=4)
def _checked(
    files: tuple[File, ...], labels: tuple[int, ...], classes: tuple[str, ...], fitting: Fitting
) -> Checked:
    path = _entry(files, labels, classes, fitting)
    found = _kept(path)
    if found is None:
        found = _decoded_once(files, labels, classes, fitting)
        _keep(path, found)
    return found


def _entry(
    files: tuple[File, ...], labels: tuple[int, ...], classes: tuple[str, ...], fitting: Fitting
) -> Path:
    said = json.dumps([FORM, files, labels, classes, fitting.size, fitting.fit])
    return cache_dir() / "checked" / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"


def _forget(
    files: tuple[File, ...], labels: tuple[int, ...], classes: tuple[str, ...], fitting: Fitting
) -> None:
    _checked.cache_clear()
    with suppress(OSError):
        _entry(files, labels, classes, fitting).unlink()


def _decoded_once(
    files: tuple[File, ...], labels: tuple[int, ...], classes: tuple[str, ...], fitting: Fitting
) -> Checked:
    bad: list[tuple[int, str]] = []
    found = _pass(files, labels, classes, fitting, bad=bad, is_known=False)
    if 0 < len(bad) < len(files):  # a fingerprint starts with the number of readable images
        found = _pass(files, labels, classes, fitting, bad=bad, is_known=True)
    return found


def _pass(
    files: Sequence[File],
    labels: tuple[int, ...],
    classes: tuple[str, ...],
    fitting: Fitting,
    *,
    bad: list[tuple[int, str]],
    is_known: bool,
) -> Checked:
    """Decode all files and compute their fingerprint.

    Args:
        files: files of the part.
        labels: labels of the files.
        classes: names of the classes in the order of the labels.
        fitting: size that images are fitted to.
        bad: numbers of the unreadable files and the reasons; those found here are appended.
        is_known: whether ``bad`` is complete already.
    """
    known = dict(bad)
    numbers = [number for number in range(len(files)) if number not in known]
    paths = [Path(files[number][0]) for number in numbers]
    notes: list[Note | Unreadable] = []
    shape: tuple[int, ...] = ()
    sum_of: Fingerprint | None = None
    for number, (path, image) in zip(numbers, decoded(paths, fitting=fitting), strict=True):
        if isinstance(image, Unreadable):
            bad.append((number, image.why))
            notes.append(image)
            continue
        notes.append(Note.of(image))
        pixels = fitting.fitted(image.pixels).transpose(2, 0, 1)
        if sum_of is None:
            shape = pixels.shape
            sum_of = Fingerprint((len(numbers), *shape), class_names=classes)
        if pixels.shape != shape:
            raise mixed_sizes(paths, path)
        sum_of.add(pixels)
    if not is_known:
        remember(tuple(files), fitting, notes)
    if sum_of is None:
        return Checked((0, 0, 0), tuple(bad), "")
    kept = np.array([labels[number] for number in numbers], dtype=np.int64)
    channels, height, width = shape
    return Checked((channels, height, width), tuple(bad), sum_of.ended(kept))


def _kept(path: Path) -> Checked | None:
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        channels, height, width = map(int, said["shape"])
        bad = tuple((int(number), str(why)) for number, why in said["bad"])
        return Checked((channels, height, width), bad, str(said["fingerprint"]))
    except (OSError, ValueError, KeyError, TypeError):  # none, or damaged
        return None


def _keep(path: Path, found: Checked) -> None:
    """Write the cache entry; if that fails, the files are simply checked again next time."""
    said = {"shape": found.shape, "bad": found.bad, "fingerprint": found.fingerprint}
    temporary = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(said), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
