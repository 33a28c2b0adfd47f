"""A folder of images of one's own, one subfolder per class."""

from pathlib import Path
from typing import ClassVar, final

import torch

from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.folder.listing import Layout, Listing, layout_of
from evonas.evaluation.data.folder.reading import read_pixels
from evonas.evaluation.data.images import Images, Traits, unit_pixels
from evonas.evaluation.data.sources.base import AbstractSource, missing

_NUM_IMAGES_FOR_STATISTICS = 1000


@final
class Folder(AbstractSource):
    """``train/<class>/*``, ``test/<class>/*`` and perhaps ``val/<class>/*``, or ``<class>/*``.

    Images are read in colour. Mean and standard deviation come from at most a thousand training
    images, evenly spaced in the order of their names.

    Args:
        fitting: the size that images are brought to; without one they must have the same size.
    """

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "your own images: train/<class>/<image>, test/<class>/<image>"

    def __init__(self, fitting: Fitting = AS_THEY_ARE) -> None:
        self._fitting = fitting

    def at(self, fitting: Fitting) -> "Folder":
        """The same, decoded to another size."""
        return Folder(fitting)

    def traits(self, data_dir: Path) -> Traits:
        """Counted and measured on the training images."""
        listing = layout_of(data_dir).train
        stride = -(-len(listing) // _NUM_IMAGES_FOR_STATISTICS)
        images = self._read(listing.subset(range(0, len(listing), stride)))
        pixels = unit_pixels(images.pixels)
        mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3), correction=0)
        _, channels, height, width = images.pixels.shape
        return Traits(
            name=self.name,
            num_classes=len(listing.classes),
            class_names=listing.classes,
            shape=(channels, height, width),
            mean=tuple(mean.tolist()),
            std=tuple(std.clamp_min(1 / 255).tolist()),  # one flat colour must not divide by 0
            crop_padding=height // 8,  # 4 of 32 pixels, as for CIFAR
        )

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of ``train/``; of a flat folder, those that are not set apart."""
        return self._read(layout_of(data_dir).train)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The images of ``val/``, where there is a ``test/`` beside it."""
        layout = layout_of(data_dir)
        return None if layout.validation is None else self._read(layout.validation)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of ``test/``; of a flat folder, the fifth that is set apart."""
        return self._read(_test_of(layout_of(data_dir), data_dir))

    def _read(self, listing: Listing) -> Images:
        pixels = read_pixels(listing, fitting=self._fitting)
        return Images(pixels, torch.tensor(listing.labels, dtype=torch.int64))


def _test_of(layout: Layout, data_dir: Path) -> Listing:
    if layout.test is None:
        raise missing(
            Folder.name,
            sought=data_dir / "test",
            remedy="Put the test images there, as test/<class>/<image>.",
        )
    return layout.test
