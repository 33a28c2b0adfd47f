"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), read by torchvision.

The files are pickles. torchvision compares the md5 of every file with the published one before it
opens any; this module relies on that, and a test verifies it.
"""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, final

import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource, torchvision_datasets
from evonas.evaluation.data.sources.downloads import finish_download, read_or_explain

_CLASSES_OF_CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


class _AbstractCifar(AbstractSource):
    folder: ClassVar[str]

    @abstractmethod
    def _reader(self) -> Any:
        """The class of torchvision that reads this data set."""

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The 50,000 images of the training batches."""
        return self._load(data_dir, train=True, download=download)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The 10,000 images of the test batch."""
        return self._load(data_dir, train=False, download=download)

    def _load(self, data_dir: Path, *, train: bool, download: bool) -> Images:
        reader = self._reader()

        def read() -> Any:
            if download:
                finish_download([reader.url], data_dir / reader.filename, md5=reader.tgz_md5)
            return reader(str(data_dir), train=train, download=download)

        dataset = read_or_explain(
            read,
            name=self.name,
            data_dir=data_dir,
            sought=data_dir / self.folder,
            by_hand="unpack the python version of https://www.cs.toronto.edu/~kriz/cifar.html "
            "there",
            addresses=[reader.url],
            download=download,
        )
        pixels = torch.from_numpy(dataset.data).permute(0, 3, 1, 2).contiguous()
        return Images(pixels, torch.tensor(dataset.targets, dtype=torch.int64))


@final
class Cifar10(_AbstractCifar):
    """60,000 colour images, 32x32, in ten classes."""

    name: ClassVar[str] = "cifar10"
    title: ClassVar[str] = "photographs of 10 classes, 32x32 colour"
    folder: ClassVar[str] = "cifar-10-batches-py"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read."""
        return Traits(
            name=self.name,
            num_classes=10,
            class_names=_CLASSES_OF_CIFAR10,
            shape=(3, 32, 32),
            mean=(125.3 / 255, 123.0 / 255, 113.9 / 255),  # NAS-Bench-201 (Dong and Yang 2020)
            std=(63.0 / 255, 62.1 / 255, 66.7 / 255),
            crop_padding=4,
        )

    def _reader(self) -> Any:
        return torchvision_datasets().CIFAR10


@final
class Cifar100(_AbstractCifar):
    """60,000 colour images, 32x32, in a hundred classes."""

    name: ClassVar[str] = "cifar100"
    title: ClassVar[str] = "photographs of 100 classes, 32x32 colour"
    folder: ClassVar[str] = "cifar-100-python"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read."""
        return Traits(
            name=self.name,
            num_classes=100,
            shape=(3, 32, 32),
            mean=(129.3 / 255, 124.1 / 255, 112.4 / 255),  # NAS-Bench-201 (Dong and Yang 2020)
            std=(68.2 / 255, 65.4 / 255, 70.4 / 255),
            crop_padding=4,
        )

    def _reader(self) -> Any:
        return torchvision_datasets().CIFAR100
