"""A folder of images of one's own, one subfolder per class."""

from pathlib import Path
from typing import ClassVar, final

from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.folder.listing import Layout, Listing, layout_of
from evonas.evaluation.data.folder.reading import Unreadable, UnreadableError, decoded, read_images
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
        layout = layout_of(data_dir)
        listing = layout.train
        stride = -(-len(listing) // _NUM_IMAGES_FOR_STATISTICS)
        images = self._read(layout, listing.subset(range(0, len(listing), stride)))
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
        layout = layout_of(data_dir)
        return self._read(layout, layout.train)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The images of ``val/``, where there is a ``test/`` beside it."""
        layout = layout_of(data_dir)
        return None if layout.validation is None else self._read(layout, layout.validation)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The images of ``test/``; of a flat folder, the fifth that is set apart."""
        layout = layout_of(data_dir)
        return self._read(layout, _test_of(layout, data_dir))

    def _read(self, layout: Layout, listing: Listing) -> Images:
        try:
            return read_images(listing, fitting=self._fitting)
        except UnreadableError:
            raise self._all_unreadable(layout) from None

    def _all_unreadable(self, layout: Layout) -> UnreadableError:
        """Of all parts: a user repairs them once."""
        paths = [path for part in layout.parts().values() for path in part.paths]
        found = [each for _, each in decoded(paths, fitting=self._fitting)]
        bad = [each for each in found if isinstance(each, Unreadable)]
        return UnreadableError(bad, of=len(paths))


def _test_of(layout: Layout, data_dir: Path) -> Listing:
    if layout.test is None:
        raise missing(
            Folder.name,
            sought=data_dir / "test",
            remedy="Put the test images there, as test/<class>/<image>.",
        )
    return layout.test
