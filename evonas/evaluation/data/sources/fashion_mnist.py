"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): ten kinds of clothes, grey, 28x28."""

from pathlib import Path
from typing import ClassVar, final

from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.sources.idx import AbstractIdx

_CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
)  # fmt: skip


@final
class FashionMnist(AbstractIdx):
    """60,000 training and 10,000 test images, in the plain idx files of their publisher."""

    name: ClassVar[str] = "fashion-mnist"
    title: ClassVar[str] = "clothes, 28x28 grey"
    reader: ClassVar[str] = "FashionMNIST"
    folders: ClassVar[tuple[str, ...]] = ("fashion_mnist/raw",)
    sizes: ClassVar[tuple[int, int]] = (60_000, 10_000)
    home: ClassVar[str] = "https://github.com/zalandoresearch/fashion-mnist"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
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
