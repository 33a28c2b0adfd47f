"""Interface of data sources, and the error for missing data."""

from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, final

from evonas.errors import DataError
from evonas.evaluation.data.fitted_images import fitted_images
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Images, Traits


class AbstractSource(ABC):
    """One data set; third parties may subclass it to add their own.

    Attributes:
        name: name, as in ``--dataset``.
        title: description of the images in one line.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def traits(self, data_dir: Path) -> Traits:
        """Traits of the data set, without loading all of it."""

    def fetch(self, data_dir: Path) -> None:  # noqa: B027  (most have nothing to do)
        """Download the files that ``traits`` reads, if they are missing.

        By default nothing is done, as the traits of most data sets are fixed.

        Raises:
            DataError: the download failed.
        """

    @abstractmethod
    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The official training images.

        Raises:
            DataError: they are missing or damaged.
        """

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The official validation images; None if a part of the training images is used instead.

        Raises:
            DataError: they are missing or damaged.
        """
        return None

    @abstractmethod
    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The official test images.

        Raises:
            DataError: they are missing or damaged.
        """

    def memory_bytes(self, data_dir: Path) -> int | None:  # noqa: ARG002
        """Memory of the decoded training and validation images in bytes, without decoding them.

        None if the images cannot stay on disk.

        Raises:
            DataError: they are missing.
        """
        return None

    def at(self, fitting: Fitting) -> "AbstractSource":
        """The same data set with its images fitted to another size after loading."""
        return self if fitting.size is None else FittedSource(self, fitting)


@final
class FittedSource(AbstractSource):
    """A data set whose images are fitted to another size after loading.

    Args:
        source: source that loads the images.
        fitting: size that images are fitted to.
    """

    def __init__(self, source: AbstractSource, fitting: Fitting) -> None:
        self._source = source
        self._fitting = fitting

    def fetch(self, data_dir: Path) -> None:
        """Download what the source reads."""
        self._source.fetch(data_dir)

    def traits(self, data_dir: Path) -> Traits:
        """Traits of the data set, with the size replaced and the crop padding scaled with it."""
        traits, size = self._source.traits(data_dir), self._fitting.size
        channels, height, _ = traits.shape
        if size is None or traits.shape[1:] == (size, size):
            return traits
        padding = traits.crop_padding * size // height
        return replace(traits, shape=(channels, size, size), crop_padding=padding)

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The training images, fitted."""
        return fitted_images(self._source.load_train(data_dir, download=download), self._fitting)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:
        """The validation images, fitted; None if there are none."""
        images = self._source.load_validation(data_dir, download=download)
        return None if images is None else fitted_images(images, self._fitting)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The test images, fitted."""
        return fitted_images(self._source.load_test(data_dir, download=download), self._fitting)


class MissingDataError(DataError):
    """A data set, or a part of it, is missing or incomplete."""


def missing(name: str, *, sought: Path, remedy: str) -> MissingDataError:
    """Create the error for data that are missing or incomplete.

    Args:
        name: name of the data set.
        sought: file or folder that was expected.
        remedy: sentence that says how to get it.
    """
    return MissingDataError(
        f"data set '{name}': not found, or incomplete, at {sought.resolve()}. {remedy} "
        "Set the folder of the data with --data-dir or the environment variable EVONAS_DATA."
    )


def torchvision_datasets() -> Any:
    """``torchvision.datasets``, imported only when data are loaded.

    Raises:
        DataError: torchvision is missing or does not match torch.
    """
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError) as error:  # a mismatch with torch is a RuntimeError
        raise DataError(
            f"torchvision cannot be imported ({error}); install the torchvision that was built "
            "for the installed torch, both from the same package index"
        ) from error
    return datasets
