"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): ten kinds of clothes, grey, 28x28."""

from pathlib import Path
from typing import ClassVar, final

import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource, missing, torchvision_datasets

# torchvision's own folder comes first: it is where a download goes.
_FOLDERS = ("FashionMNIST/raw", "fashion_mnist/raw")
_SIZES = {"train": 60_000, "t10k": 10_000}
_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
)  # fmt: skip


@final
class FashionMnist(AbstractSource):
    """60,000 training and 10,000 test images, in the plain idx files of their publisher."""

    name: ClassVar[str] = "fashion-mnist"
    title: ClassVar[str] = "clothes, 28x28 grey"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (the same wherever it lies)
        """Fixed values; nothing is read."""
        return Traits(
            name=self.name,
            num_classes=10,
            class_names=_CLASSES,
            shape=(1, 28, 28),
            mean=(0.2860,),
            std=(0.3530,),
            crop_padding=2,
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The 60,000 images of the files ``train-*``."""
        return self._load(data_dir, part="train", download=download)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The 10,000 images of the files ``t10k-*``."""
        return self._load(data_dir, part="t10k", download=download)

    def _load(self, data_dir: Path, *, part: str, download: bool) -> Images:
        datasets = torchvision_datasets()
        try:
            folder = self._folder(data_dir, part)
            if folder is None and download:
                datasets.FashionMNIST(str(data_dir), download=True)
            folder = folder or data_dir / _FOLDERS[0]
            pixels = datasets.mnist.read_image_file(str(folder / f"{part}-images-idx3-ubyte"))
            labels = datasets.mnist.read_label_file(str(folder / f"{part}-labels-idx1-ubyte"))
            if pixels.shape != (_SIZES[part], 28, 28) or labels.shape != (_SIZES[part],):
                raise ValueError(f"{tuple(pixels.shape)} images, {tuple(labels.shape)} labels")
        except (OSError, RuntimeError, ValueError, AssertionError) as error:
            raise missing(
                self.name,
                sought=data_dir / _FOLDERS[0],
                remedy=f"Pass --download, or put the unpacked idx files ({part}-images-idx3-ubyte "
                "and so on) of https://github.com/zalandoresearch/fashion-mnist there.",
            ) from error
        return Images(pixels.unsqueeze(1).contiguous(), labels.to(torch.int64))

    @staticmethod
    def _folder(data_dir: Path, part: str) -> Path | None:
        """The first of the known folders that holds the images of ``part``."""
        for folder in _FOLDERS:
            if (data_dir / folder / f"{part}-images-idx3-ubyte").is_file():
                return data_dir / folder
        return None
