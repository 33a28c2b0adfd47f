"""A folder of your own images, one subfolder per class."""

from pathlib import Path
from typing import ClassVar, final

from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.image_files import AbstractImageFiles
from evonas.evaluation.data.folder.listing import Layout, layout_of
from evonas.evaluation.data.images import Traits, unit_pixels

_NUM_IMAGES_FOR_STATISTICS = 1000


@final
class Folder(AbstractImageFiles):
    """``train/<class>/*``, ``test/<class>/*`` and perhaps ``val/<class>/*``, or ``<class>/*``.

    Images are read in colour. Mean and standard deviation come from at most a thousand training
    images, evenly spaced in the order of their names. Without a size that images are brought to,
    they must have the same one.
    """

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "your own images: train/<class>/<image>, test/<class>/<image>"

    def at(self, fitting: Fitting) -> "Folder":
        """The same, decoded to another size."""
        return Folder(fitting)

    def layout(self, data_dir: Path) -> Layout:
        """By the names of folders; of a flat one, a fifth is set aside as the test part."""
        return layout_of(data_dir)

    def traits(self, data_dir: Path) -> Traits:
        """Counted and measured on the training images."""
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
            std=tuple(std.clamp_min(1 / 255).tolist()),  # one flat colour must not divide by 0
            crop_padding=height // 8,  # 4 of 32 pixels, as for CIFAR
        )
