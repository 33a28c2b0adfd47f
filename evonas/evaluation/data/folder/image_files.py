"""A data set of image files, in any supported folder layout."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path

from evonas.evaluation.data.fitting import AS_THEY_ARE, MEMORY, Fitting
from evonas.evaluation.data.folder.decoding import size_of
from evonas.evaluation.data.folder.listing import Layout, Listing
from evonas.evaluation.data.folder.notes import Unreadable
from evonas.evaluation.data.folder.on_disk import images_on_disk
from evonas.evaluation.data.folder.reading import UnreadableError, decoded, read_images
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.sources.base import AbstractSource, MissingDataError, missing


class AbstractImageFiles(AbstractSource):
    """Images in files, read in colour, in memory or whenever they are used.

    Args:
        fitting: how images are resized, and where they are stored.
    """

    def __init__(self, fitting: Fitting = AS_THEY_ARE) -> None:
        self.fitting = fitting

    @abstractmethod
    def layout(self, data_dir: Path) -> Layout:
        """The files of each part and class.

        Raises:
            DataError: there are none, or their folders are not laid out as required.
        """

    def missing_test(self, data_dir: Path) -> MissingDataError:
        """The error where there is no test part."""
        return missing(
            self.name,
            sought=data_dir / "test",
            remedy="Put the test images there, as test/<class>/<image>.",
        )

    def memory_bytes(self, data_dir: Path) -> int | None:
        """By the size that images are brought to, or that of the first one."""
        layout, size = self.layout(data_dir), self.fitting.size
        count = len(layout.train) + len(layout.validation or ())
        width, height = (size, size) if size is not None else size_of(layout.train.paths[0])
        return 3 * width * height * count

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The training images."""
        layout = self.layout(data_dir)
        return self._read(layout, layout.train)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The validation images, where candidates are not compared on training images."""
        layout = self.layout(data_dir)
        return None if layout.validation is None else self._read(layout, layout.validation)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The test images."""
        layout = self.layout(data_dir)
        if layout.test is None:
            raise self.missing_test(data_dir)
        return self._read(layout, layout.test)

    def some_in_memory(self, layout: Layout, listing: Listing) -> Images:
        """A few images, decoded now.

        Args:
            layout: layout of the data set.
            listing: listing of these images.
        """
        return self._in_memory(layout, listing, fitting=replace(self.fitting, storage=MEMORY))

    def _read(self, layout: Layout, listing: Listing) -> Images:
        if not self.fitting.stays_on_disk:
            return self._in_memory(layout, listing, fitting=self.fitting)
        try:
            return images_on_disk(listing, fitting=self.fitting)
        except UnreadableError:
            raise self._all_unreadable(layout) from None

    def _in_memory(self, layout: Layout, listing: Listing, *, fitting: Fitting) -> Images:
        try:
            return read_images(listing, fitting=fitting)
        except UnreadableError:
            raise self._all_unreadable(layout) from None

    def _all_unreadable(self, layout: Layout) -> UnreadableError:
        """Of all parts: a user repairs them once."""
        paths = [path for part in layout.parts().values() for path in part.paths]
        found = [each for _, each in decoded(paths, fitting=self.fitting)]
        bad = [each for each in found if isinstance(each, Unreadable)]
        return UnreadableError(bad, of=len(paths))
