"""What a data set must offer to be loaded by name, and how it says that it is missing."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from evonas.errors import DataError
from evonas.evaluation.data.images import Images, Traits


class AbstractSource(ABC):
    """One data set; third parties may subclass it and load theirs the same way.

    Attributes:
        name: as in ``--dataset``.
        title: what it shows, in a line.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def traits(self, data_dir: Path) -> Traits:
        """What the data set is like, without loading it."""

    @abstractmethod
    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The official training images.

        Raises:
            DataError: they are missing or damaged.
        """

    @abstractmethod
    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The official test images.

        Raises:
            DataError: they are missing or damaged.
        """


def missing(name: str, *, sought: Path, remedy: str) -> DataError:
    """The one error for data that are not there, or not whole.

    Args:
        name: the data set.
        sought: the file or folder that was sought.
        remedy: a sentence that says how to get it.
    """
    return DataError(
        f"data set '{name}': not found, or not whole, at {sought.resolve()}. {remedy} "
        "Where data lie is set by --data-dir or the environment variable EVONAS_DATA."
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
