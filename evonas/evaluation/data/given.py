"""A data set sent along with the work: the training machine need not have its images."""

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
    """The content of a data set, for sending between machines.

    Attributes:
        name: name of the data set.
        data_dir: where it lies on the machine that it came from; there it need not exist.
        traits: traits of the data set.
        train: pixels and labels of the official training images.
        test: the same of the test images; None where they could not be read.
        fitting: the size that all of them have been brought to.
        validation: the same of the official validation images, where there are any.
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
    """Provides the given data; nothing is read.

    Args:
        data: the data that was given.
    """

    def __init__(self, data: GivenData) -> None:
        self._data = data

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002
        """As given."""
        return self._data.traits

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """As given."""
        return _images(self._data.train)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """As given."""
        return None if self._data.validation is None else _images(self._data.validation)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """As given.

        Raises:
            DataError: there were none where the data came from.
        """
        if self._data.test is None:
            raise DataError(f"data set '{self._data.name}': its test images were not found")
        return _images(self._data.test)


def packed(
    source: AbstractSource, *, name: str, data_dir: Path, fitting: Fitting = AS_THEY_ARE
) -> GivenData:
    """All of a data set, to be sent to other machines.

    Args:
        source: reads it here, at this size.
        name: name of the data set.
        data_dir: its folder on this machine.
        fitting: the size.

    Raises:
        DataError: the training images are missing or damaged.
    """
    train = source.load_train(data_dir, download=False)
    validation = source.load_validation(data_dir, download=False)
    try:
        test = _arrays(source.load_test(data_dir, download=False))
    except DataError:
        test = None  # only a confirmation needs them, and will say so
    return GivenData(
        name, str(data_dir), source.traits(data_dir), _arrays(train), test, fitting,
        validation=None if validation is None else _arrays(validation),
    )  # fmt: skip


def _arrays(images: Images) -> Arrays:
    return images.pixels.numpy(), images.labels.numpy()


def _images(arrays: Arrays) -> Images:
    pixels, labels = (torch.from_numpy(np.array(each)) for each in arrays)
    return Images(pixels, labels)
