"""A folder of images of one's own, one subfolder per class (torchvision's ImageFolder)."""

from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch

from evonas.errors import DataError
from evonas.evaluation.data.images import Images, Traits, unit_pixels
from evonas.evaluation.data.sources import AbstractSource, missing, torchvision_datasets

_NUM_IMAGES_FOR_STATISTICS = 1000


@final
class Folder(AbstractSource):
    """``train/<class>/*`` and ``test/<class>/*`` under the data folder, all images of one size.

    Images are read in colour. Mean and standard deviation come from at most a thousand training
    images, evenly spaced in the order of their names.
    """

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "your own images: train/<class>/<image>, test/<class>/<image>"

    def traits(self, data_dir: Path) -> Traits:
        """Counted and measured on the images of ``train/``."""
        listing = self._listing(data_dir / "train")
        stride = -(-len(listing.samples) // _NUM_IMAGES_FOR_STATISTICS)
        images = self._read(listing, range(0, len(listing.samples), stride))
        pixels = unit_pixels(images.pixels)
        mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3), correction=0)
        _, channels, height, width = images.pixels.shape
        return Traits(
            name=self.name,
            num_classes=len(listing.classes),
            class_names=tuple(listing.classes),
            shape=(channels, height, width),
            mean=tuple(mean.tolist()),
            std=tuple(std.clamp_min(1 / 255).tolist()),  # one flat colour must not divide by 0
            crop_padding=height // 8,  # 4 of 32 pixels, as for CIFAR
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of ``train/``."""
        listing = self._listing(data_dir / "train")
        return self._read(listing, range(len(listing.samples)))

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of ``test/``, which must hold the same classes as ``train/``."""
        train, test = self._listing(data_dir / "train"), self._listing(data_dir / "test")
        if train.classes != test.classes:
            different = sorted(set(train.classes) ^ set(test.classes))
            raise DataError(
                f"data set 'folder': {test.root} must hold the classes of {train.root}; "
                f"only one of them has {', '.join(different)}"
            )
        return self._read(test, range(len(test.samples)))

    def _listing(self, root: Path) -> Any:
        try:
            return torchvision_datasets().ImageFolder(str(root))
        except OSError as error:  # also for a class without an image
            raise missing(
                self.name,
                sought=root,
                remedy="Put the images there, one folder per class, as train/<class>/<image> and "
                f"test/<class>/<image> ({error}).",
            ) from error

    def _read(self, listing: Any, index: range) -> Images:
        pixels: list[torch.Tensor] = []
        for i in index:
            path, _ = listing.samples[i]
            try:
                image = np.array(listing.loader(path))
            except OSError as error:
                raise DataError(f"data set 'folder': cannot read {path} ({error})") from error
            pixels.append(torch.from_numpy(image).permute(2, 0, 1))
            if pixels[-1].shape != pixels[0].shape:
                _, height, width = pixels[0].shape
                raise DataError(
                    f"data set 'folder': {path} is {image.shape[1]}x{image.shape[0]} pixels, the "
                    f"images before it {width}x{height}; resize all to one size first"
                )
        labels = [listing.targets[i] for i in index]
        return Images(torch.stack(pixels), torch.tensor(labels, dtype=torch.int64))
