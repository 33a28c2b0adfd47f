"""Read the user's arrays from an ``.npz`` file of NumPy, with names as in Keras or MedMNIST.

x_train, y_train [, x_val, y_val] [, x_test, y_test]                names of Keras
train_images, train_labels, val_images, ..., test_labels            names of MedMNIST
x, y                                                                a fifth becomes the test part
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch

from evonas.errors import DataError
from evonas.evaluation.data.images import Images, Traits, unit_pixels
from evonas.evaluation.data.sources.base import AbstractSource, missing
from evonas.evaluation.data.split import share_of, stratified_part

TEST_SHARE = 0.2
TEST_SEED = 0  # constant, so that all studies have the same test part
_NUM_IMAGES_FOR_STATISTICS = 1000
_NAMES = {
    "train": (("x_train", "y_train"), ("train_images", "train_labels")),
    "validation": (
        ("x_val", "y_val"), ("x_valid", "y_valid"), ("x_validation", "y_validation"),
        ("val_images", "val_labels"),
    ),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}  # fmt: skip

Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True)
class _Parts:
    train: Images
    validation: Images | None
    test: Images | None
    class_names: tuple[str, ...]


@final
class Npz(AbstractSource):
    """Images and labels in one ``.npz`` file, given by its path or that of a folder with only one.

    Images are (N, height, width), (N, height, width, channels) or (N, channels, height, width)
    with 1 or 3 channels; bytes, booleans, 16-bit integers (65535 is white) or floats in [0, 1].
    Labels are (N,) or (N, 1), whole numbers or texts; the classes are their sorted values.
    """

    name: ClassVar[str] = "npz"
    title: ClassVar[str] = "your own arrays: an .npz file of x_train, y_train, x_test, y_test"

    def traits(self, data_dir: Path) -> Traits:
        """Traits, with classes counted on all images and moments measured on training images."""
        parts = self._parts(data_dir)
        mean, std = moments(parts.train.pixels)
        _, channels, height, width = parts.train.pixels.shape
        return Traits(
            name=self.name,
            num_classes=len(parts.class_names),
            class_names=parts.class_names,
            shape=(channels, height, width),
            mean=mean,
            std=std,
            crop_padding=height // 8,
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The training images; without a division in the file, those outside the test part."""
        return self._parts(data_dir).train

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The validation images; None if the file has none."""
        return self._parts(data_dir).validation

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The test images; if the file has only ``x`` and ``y``, a fifth of them."""
        test = self._parts(data_dir).test
        if test is None:
            raise missing(self.name, sought=data_dir, remedy="Add x_test and y_test.")
        return test

    def _parts(self, data_dir: Path) -> _Parts:
        path = _file(data_dir)
        try:
            with opened(path) as arrays:
                found = _named(arrays, path)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DataError(f"data set 'npz': {path} cannot be read ({error})") from error
        classes = np.unique(np.concatenate([labels for _, labels in found.values()]))
        images = {
            part: Images(pixels, torch.from_numpy(np.searchsorted(classes, labels)))
            for part, (pixels, labels) in found.items()
        }
        whole = images.pop("all", None)
        if whole is not None:
            count = share_of(len(whole), TEST_SHARE)
            test, rest = stratified_part(whole.labels, num_images=count, seed=TEST_SEED)
            images |= {"train": whole.subset(rest), "test": whole.subset(test)}
        names = tuple(str(each) for each in classes)
        return _Parts(images["train"], images.get("validation"), images.get("test"), names)


@contextmanager
def opened(path: Path) -> "Iterator[np.lib.npyio.NpzFile]":
    """The arrays of an ``.npz`` file, by name; nothing is unpickled.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no archive of arrays.
    """
    # NumPy leaves a file open that it opened itself and that is no archive
    with path.open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("one array without a name, as np.save writes; use np.savez")
        with arrays:
            yield arrays


def moments(pixels: torch.Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, in [0, 1], over up to 1,000 of the images.

    Args:
        pixels: uint8, (N, channels, height, width).
    """
    stride = -(-len(pixels) // _NUM_IMAGES_FOR_STATISTICS)
    units = unit_pixels(pixels[::stride])
    std = units.std((0, 2, 3), correction=0)
    # at least 1 / 255: uniform images must not be divided by 0
    return tuple(units.mean((0, 2, 3)).tolist()), tuple(std.clamp_min(1 / 255).tolist())


def _file(data_dir: Path) -> Path:
    if data_dir.is_file():
        return data_dir
    found = sorted(data_dir.glob("*.npz"))
    if len(found) == 1:
        return found[0]
    there = f"{len(found)} such files are there" if found else "there is none"
    raise missing(
        Npz.name,
        sought=data_dir,
        remedy=f"Expected an .npz file, or a folder with just one; {there}. Name the file with "
        f"--data-dir FILE.npz.",
    )


def _named(arrays: Any, path: Path) -> dict[str, tuple[torch.Tensor, Array]]:
    """Pixels and labels of each part; the part ``all`` if the file has only ``x`` and ``y``."""
    where = f"data set '{Npz.name}': {path}"
    pairs = {
        part: pair for part, known in _NAMES.items() for pair in known if set(pair) <= set(arrays)
    }
    if not pairs and {"x", "y"} <= set(arrays):
        pairs = {"all": ("x", "y")}
    if not pairs.keys() & {"train", "all"}:
        raise DataError(
            f"{where}: expected the arrays x_train and y_train, or x and y, found "
            f"{', '.join(arrays) or 'none'}"
        )
    for part, known in _NAMES.items():
        alone = [name for pair in known for name in pair if name in arrays]
        if alone and part not in pairs:
            raise DataError(
                f"{where}: found {', '.join(alone)} without a partner; expected both arrays of a "
                f"pair, such as {' and '.join(known[0])}"
            )
    found = {
        part: (pixels_of(arrays[x], f"{where}: {x}"), labels_of(arrays[y], f"{where}: {y}"))
        for part, (x, y) in pairs.items()
    }
    for part, (pixels, labels) in found.items():
        if len(pixels) != len(labels):
            raise DataError(f"{where}: {len(pixels):,} images of {part}, {len(labels):,} labels")
    return found


def pixels_of(array: Array, where: str) -> torch.Tensor:
    """Convert images to uint8, (N, channels, height, width).

    Args:
        array: images, as :class:`Npz` describes them.
        where: data set, file and array, for messages.

    Raises:
        DataError: the array has another shape or type.
    """
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim == 4 and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.ndim != 4 or array.shape[1] not in (1, 3) or not len(array):
        raise DataError(
            f"{where}: expected images (N, height, width), (N, height, width, "
            f"channels) or (N, channels, height, width) of 1 or 3 channels, got {array.shape}"
        )
    if array.dtype == np.bool_:
        array = array * np.uint8(255)
    elif array.dtype == np.uint16:
        array = (array.astype(np.uint32) * 255 + 32767) // 65535
    elif array.dtype.kind == "f":
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise DataError(
                f"{where}: expected floats from 0 to 1, got {array.min():g} to {array.max():g}"
            )
        array = np.floor(array * 255.0 + 0.5)
    elif array.dtype != np.uint8:
        raise DataError(
            f"{where}: expected bytes, booleans, uint16 or floats from 0 to 1, "
            f"got {array.dtype}; convert them, as nothing says which value is white"
        )
    return torch.from_numpy(np.ascontiguousarray(array.astype(np.uint8)))


def labels_of(array: Array, where: str) -> Array:
    """The labels of images, (N,).

    Args:
        array: labels, as :class:`Npz` describes them.
        where: data set, file and array, for messages.

    Raises:
        DataError: the array has another shape or type.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iuUS":
        raise DataError(
            f"{where}: expected one label for each image, whole numbers or texts, "
            f"got {array.dtype} {array.shape}"
        )
    return array
