"""Data set in a folder of the user's images, with one subfolder per class."""

from pathlib import Path
from typing import ClassVar, final

from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.image_files import AbstractImageFiles
from evonas.evaluation.data.folder.listing import Layout, layout_of
from evonas.evaluation.data.images import Traits, unit_pixels

_NUM_IMAGES_FOR_STATISTICS = 1000


@final
class Folder(AbstractImageFiles):
    """``train/<class>/*``, ``test/<class>/*`` and optionally ``val/<class>/*``, or ``<class>/*``.

    Images are read in colour. Mean and standard deviation are measured on at most a thousand
    training images, evenly spaced in the order of their names. Unless a size is set that images
    are fitted to, all must have the same size.
    """

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "your own images: train/<class>/<image>, test/<class>/<image>"

    def at(self, fitting: Fitting) -> "Folder":
        """The same data set, with its images fitted to another size."""
        return Folder(fitting)

    def layout(self, data_dir: Path) -> Layout:
        """Layout by the names of the folders; a fifth of a flat folder becomes the test part."""
        return layout_of(data_dir)

    def traits(self, data_dir: Path) -> Traits:
        """Traits, counted and measured on the training images."""
        layout = self.layout(data_dir)
        listing = layout.train
        stride = -(-len(listing) // _NUM_IMAGES_FOR_STATISTICS)
        images = self.some_in_memory(layout, listing.subset(range(0, len(listing), stride)))
        pixels = unit_pixels(images.pixels)
        mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3), correction=0)
        _, channels, height, width = images.pixels.shape
        return Traits(
            name=self.name,
            num_classes=len(listing.classes),
            class_names=listing.classes,
            shape=(channels, height, width),
            mean=tuple(mean.tolist()),
            std=tuple(std.clamp_min(1 / 255).tolist()),  # avoid division by 0 for uniform images
            crop_padding=height // 8,  # 4 of 32 pixels, as for CIFAR
        )
