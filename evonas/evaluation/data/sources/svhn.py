"""Street View House Numbers (Netzer and others 2011), cropped digits; the md5 is checked."""

from pathlib import Path
from typing import ClassVar, final

import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource, torchvision_datasets
from evonas.evaluation.data.sources.downloads import finish_download, read_or_explain


@final
class Svhn(AbstractSource):
    """73,257 training and 26,032 test images of digits; label 10 of the files is the digit 0."""

    name: ClassVar[str] = "svhn"
    title: ClassVar[str] = "house numbers, 32x32 colour"

    def traits(self, data_dir: Path) -> Traits:  # noqa: ARG002  (independent of the folder)
        """Fixed values; nothing is read. Moments of the training images as commonly used."""
        return Traits(
            name=self.name,
            num_classes=10,
            class_names=tuple("0123456789"),
            shape=(3, 32, 32),
            mean=(0.4377, 0.4438, 0.4728),
            std=(0.1980, 0.2010, 0.1970),
            crop_padding=4,
            flip=False,
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:
        """The images of ``train_32x32.mat``."""
        return self._load(data_dir, split="train", download=download)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:
        """The images of ``test_32x32.mat``."""
        return self._load(data_dir, split="test", download=download)

    def _load(self, data_dir: Path, *, split: str, download: bool) -> Images:
        reader = torchvision_datasets().SVHN
        address, file, md5 = reader.split_list[split]

        def read() -> Images:
            if download:
                data_dir.mkdir(parents=True, exist_ok=True)
                finish_download([address], data_dir / file, md5=md5)
            found = reader(str(data_dir), split=split, download=download)
            pixels = torch.from_numpy(found.data).contiguous()
            return Images(pixels, torch.from_numpy(found.labels).to(torch.int64).view(-1))

        return read_or_explain(
            read,
            name=self.name,
            data_dir=data_dir,
            sought=data_dir / file,
            by_hand=f"put {file} of http://ufldl.stanford.edu/housenumbers/ there",
            addresses=[address],
            download=download,
        )
