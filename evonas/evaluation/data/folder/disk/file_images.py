"""Read batches of images from files: decode, fit, crop and mirror them as planned."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from evonas.errors import DataError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.decoding import decode
from evonas.evaluation.data.folder.disk.packed_paths import PackedPaths

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class FileImages:
    """Image files that are read as images of one size.

    Attributes:
        paths: paths of the files.
        fitting: size that images are fitted to, and how.
        shape: (channels, height, width) of an image.
    """

    paths: PackedPaths
    fitting: Fitting
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def image(self, index: int) -> Array:
        """Read one image: uint8, (height, width, channels).

        Raises:
            DataError: its file has changed since it was checked.
        """
        path = self.paths[index]
        try:
            pixels = self.fitting.fitted(decode(path, least_side=self.fitting.size).pixels)
        except DataError as problem:
            raise DataError(
                f"{problem}; it was readable when the training began: restore it, then continue"
            ) from problem
        channels, height, width = self.shape
        if pixels.shape != (height, width, channels):
            raise DataError(f"{path}: expected {width}x{height} pixels, as when it was checked")
        return pixels

    def batch(self, plan: Array, *, padding: int) -> Array:
        """Read the images of a plan: uint8, (batch, height, width, channels).

        Args:
            plan: int64, (1 or 4, batch); a row of
                :func:`evonas.evaluation.training.augment.plan_epoch`.
            padding: width in pixels of the black frame; rows and columns count from its corner.

        Raises:
            DataError: see :meth:`image`.
        """
        channels, height, width = self.shape
        batch = np.zeros((plan.shape[1], height, width, channels), dtype=np.uint8)
        for into, (index, *place) in zip(batch, plan.T.tolist(), strict=True):
            put(into, self.image(index), place, padding=padding)
        return batch


def put(into: Array, pixels: Array, place: Sequence[int], *, padding: int) -> None:
    """Crop one image out of its black frame.

    Args:
        into: uint8, (height, width, channels), zeros; receives the result.
        pixels: uint8, of the same shape.
        place: first row, first column, and 1 if the result is mirrored; empty for a plain copy.
        padding: width of the frame on each side, in pixels.
    """
    if not place:
        into[:] = pixels
        return
    top, left, is_mirrored = place
    height, width, _ = pixels.shape
    down, right = top - padding, left - padding  # position in the image of the first pixel
    rows, columns = _overlap(down, height), _overlap(right, width)
    target = into[:, ::-1] if is_mirrored else into
    target[rows, columns] = pixels[_moved(rows, down), _moved(columns, right)]


def _overlap(start: int, length: int) -> slice:
    """Positions of the result that lie in the image, if its first one is at ``start``."""
    return slice(max(0, -start), min(length, length - start))


def _moved(places: slice, by: int) -> slice:
    return slice(places.start + by, places.stop + by)
