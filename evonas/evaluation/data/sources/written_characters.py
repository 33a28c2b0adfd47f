"""Handwriting in the format of MNIST: digits, Japanese cursive, digits and letters. 28x28 grey.

Mean and standard deviation are those of the training images, as commonly used.
"""

from pathlib import Path
from typing import ClassVar, final

import torch

from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.sources.base import torchvision_datasets
from evonas.evaluation.data.sources.downloads import finish_download
from evonas.evaluation.data.sources.idx import AbstractIdx


@final
class Mnist(AbstractIdx):
    """60,000 training and 10,000 test images of digits (LeCun, Cortes and Burges 1998)."""

    name: ClassVar[str] = "mnist"
    title: ClassVar[str] = "handwritten digits, 28x28 grey"
    reader: ClassVar[str] = "MNIST"
    folders: ClassVar[tuple[str, ...]] = ("mnist/raw",)
    sizes: ClassVar[tuple[int, int]] = (60_000, 10_000)
    home: ClassVar[str] = "https://ossci-datasets.s3.amazonaws.com/mnist/"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read."""
        return _traits(self.name, tuple("0123456789"), mean=0.1307, std=0.3081)


@final
class Kmnist(AbstractIdx):
    """60,000 training and 10,000 test images of ten syllables (Clanuwat and others 2018)."""

    name: ClassVar[str] = "kmnist"
    title: ClassVar[str] = "Japanese cursive syllables, 28x28 grey"
    reader: ClassVar[str] = "KMNIST"
    folders: ClassVar[tuple[str, ...]] = ("kmnist/raw",)
    sizes: ClassVar[tuple[int, int]] = (60_000, 10_000)
    home: ClassVar[str] = "http://codh.rois.ac.jp/kmnist/"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read."""
        names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
        return _traits(self.name, names, mean=0.1918, std=0.3483)


@final
class Emnist(AbstractIdx):
    """112,800 training and 18,800 test images of 47 digits and letters.

    This is the *balanced* version (Cohen and others 2017). Letters that look alike in both cases
    are one class. The images in the files are transposed; here they are upright.
    """

    name: ClassVar[str] = "emnist"
    title: ClassVar[str] = "handwritten digits and letters (balanced), 28x28 grey"
    reader: ClassVar[str] = "EMNIST"
    folders: ClassVar[tuple[str, ...]] = ("emnist/raw",)
    prefixes: ClassVar[tuple[str, str]] = ("emnist-balanced-train", "emnist-balanced-test")
    sizes: ClassVar[tuple[int, int]] = (112_800, 18_800)
    home: ClassVar[str] = "https://www.nist.gov/itl/products-and-services/emnist-dataset"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read."""
        names = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")
        return _traits(self.name, names, mean=0.1751, std=0.3332)

    def _fetch(self, data_dir: Path, *, part: int) -> None:
        reader = torchvision_datasets().EMNIST
        archive = data_dir / "EMNIST" / "raw" / reader.url.rpartition("/")[2]
        finish_download([reader.url], archive, md5=reader.md5)
        # torchvision checks the files of this part only
        reader(str(data_dir), split="balanced", train=part == 0, download=True)

    def _pixels(self, read: torch.Tensor) -> torch.Tensor:
        return read.transpose(1, 2)


def _traits(name: str, class_names: tuple[str, ...], *, mean: float, std: float) -> Traits:
    return Traits(
        name=name,
        num_classes=len(class_names),
        class_names=class_names,
        shape=(1, 28, 28),
        mean=(mean,),
        std=(std,),
        crop_padding=2,
        flip=False,  # a mirrored character is another one, or none
    )
