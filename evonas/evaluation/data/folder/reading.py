"""Read many image files into one tensor; one error reports all unreadable files."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from evonas.errors import DataError
from evonas.evaluation.data.fitting import SKIP, Fitting
from evonas.evaluation.data.folder.decoding import Decoded, decode, size_of
from evonas.evaluation.data.folder.listing import Listing
from evonas.evaluation.data.folder.notes import File, Note, Unreadable, identity, remember
from evonas.evaluation.data.folder.watching import tell
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.room import check_room

_THREADS = 4  # threads help because Pillow releases the interpreter's lock while decoding
_CHUNK = 64  # images decoded at once, which are in memory in addition to the result
_MOST_TOLD = 20

Array = np.ndarray[Any, Any]


class UnreadableError(DataError):
    """Some files cannot be read.

    Args:
        files: all unreadable files.
        of: total number of files.
    """

    def __init__(self, files: Sequence[Unreadable], *, of: int) -> None:
        self.files, self.of = tuple(files), of
        lines = [f"\n  {each.why}" for each in files[:_MOST_TOLD]]
        if len(files) > _MOST_TOLD:
            lines.append(f"\n  and {len(files) - _MOST_TOLD:,} more")
        super().__init__(
            f"data set 'folder': {len(files):,} of {of:,} files cannot be used; repair or remove "
            "them, or leave them out by --unreadable skip" + "".join(lines)
        )


def decoded(
    paths: Sequence[Path], *, fitting: Fitting
) -> Iterator[tuple[Path, Decoded | Unreadable]]:
    """Decode all images in order, a few at a time; yields ``Unreadable`` for those that fail."""

    def one(path: Path) -> Decoded | Unreadable:
        try:
            return decode(path, least_side=fitting.size)
        except DataError as problem:
            return Unreadable(path, str(problem))

    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore")  # about large images or odd metadata; only errors matter
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            yield from zip(chunk, pool.map(one, chunk), strict=True)
            tell(start + len(chunk), len(paths))


def read_images(listing: Listing, *, fitting: Fitting) -> Images:
    """Read the images of a part, in order; the last parts read are cached until files change.

    Args:
        listing: listing of the part.
        fitting: size that images are fitted to, and whether to skip unreadable files.

    Raises:
        UnreadableError: files cannot be read and are not skipped, or no file can be read.
        DataError: images have different sizes, or do not fit into memory.
    """
    pixels, bad = _kept(tuple(map(identity, listing.paths)), fitting)
    paths = {each.path for each in bad}
    labels = [
        label
        for path, label in zip(listing.paths, listing.labels, strict=True)
        if path not in paths
    ]
    return Images(pixels, torch.tensor(labels, dtype=torch.int64))


@lru_cache(maxsize=4)  # train, validation, test, and the images that moments are measured on
def _kept(files: tuple[File, ...], fitting: Fitting) -> tuple[Tensor, tuple[Unreadable, ...]]:
    paths = [Path(name) for name, _, _ in files]
    pixels: list[Array] = []
    bad: list[Unreadable] = []
    notes: list[Note | Unreadable] = []
    for path, image in decoded(paths, fitting=fitting):
        if isinstance(image, Unreadable):
            bad.append(image)
            notes.append(image)
            continue
        notes.append(Note.of(image))
        pixels.append(fitting.fitted(image.pixels))
        if len(pixels) == 1:
            height, width, _ = pixels[0].shape
            check_room(len(paths), (height, width), what="data set 'folder'")
        if pixels[-1].shape != pixels[0].shape:
            raise mixed_sizes(paths, path)
    remember(files, fitting, notes)
    if not pixels or (bad and fitting.unreadable != SKIP):  # raised here, it is not cached
        raise UnreadableError(bad, of=len(paths))
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous(), tuple(bad)


def mixed_sizes(paths: Sequence[Path], odd: Path) -> DataError:
    """Create the error for images of different sizes.

    Args:
        paths: paths of all images.
        odd: path of the first image that differs in size.
    """
    sizes = Counter(_sizes(paths, size_of))
    common = ", ".join(f"{w}x{h} ({count:,})" for (w, h), count in sizes.most_common(5))
    more = f" and {len(sizes) - 5:,} more sizes" if len(sizes) > 5 else ""
    return DataError(
        f"data set 'folder': images of different sizes: {common}{more}; the first that differs is "
        f"{odd}. Resize them to one size with --image-size, such as --image-size 32"
    )


def _sizes(
    paths: Sequence[Path], measure: Callable[[Path], tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    for path in paths:
        try:
            yield measure(path)
        except DataError:
            continue  # reported once all sizes are equal
