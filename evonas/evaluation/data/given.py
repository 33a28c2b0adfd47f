"""Data sets sent along with the work, so that the training machine needs no copy of the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

from evonas.errors import DataError
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource

Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@final
@dataclass(frozen=True)
class GivenData:
    """The content of a data set, in a form that can be sent between machines.

    Attributes:
        name: name of the data set.
        data_dir: folder of the data set on the sending machine; it need not exist elsewhere.
        traits: traits of the data set.
        train: pixels and labels of the official training images.
        test: pixels and labels of the test images; None if they could not be read.
        fitting: size that all images have been fitted to.
        validation: pixels and labels of the official validation images; None if there are none.
    """

    name: str
    data_dir: str
    traits: Traits
    train: Arrays
    test: Arrays | None
    fitting: Fitting = AS_THEY_ARE
    validation: Arrays | None = None


@final
class GivenSource(AbstractSource):
    """Data source that provides received data and reads no files.

    Args:
        data: received data.
    """

    def __init__(self, data: GivenData) -> None:
        self._data = data

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002
        """The received traits."""
        return self._data.traits

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The received training images."""
        return _images(self._data.train)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The received validation images, if any."""
        return None if self._data.validation is None else _images(self._data.validation)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The received test images.

        Raises:
            DataError: the sending machine had none.
        """
        if self._data.test is None:
            raise DataError(f"data set '{self._data.name}': its test images were not found")
        return _images(self._data.test)


def packed(
    source: AbstractSource, *, name: str, data_dir: Path, fitting: Fitting = AS_THEY_ARE
) -> GivenData:
    """Load a whole data set to send it to other machines.

    Args:
        source: source that reads it on this machine, at the size of ``fitting``.
        name: name of the data set.
        data_dir: folder of the data set on this machine.
        fitting: size that images are fitted to.

    Raises:
        DataError: the training images are missing or damaged.
    """
    train = source.load_train(data_dir, download=False)
    validation = source.load_validation(data_dir, download=False)
    try:
        test = _arrays(source.load_test(data_dir, download=False))
    except DataError:
        test = None  # only confirmations need them, and they report that they are missing
    return GivenData(
        name, str(data_dir), source.traits(data_dir), _arrays(train), test, fitting,
        validation=None if validation is None else _arrays(validation),
    )  # fmt: skip


def _arrays(images: Images) -> Arrays:
    return images.pixels.numpy(), images.labels.numpy()


def _images(arrays: Arrays) -> Images:
    pixels, labels = (torch.from_numpy(np.array(each)) for each in arrays)
    return Images(pixels, labels)
