"""Base class of data sets of image files, whatever the layout of their folders."""

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
    """Image files read in colour, either all into memory or each whenever it is used.

    Args:
        fitting: size that images are fitted to, and where they are kept.
    """

    def __init__(self, fitting: Fitting = AS_THEY_ARE) -> None:
        self.fitting = fitting

    @abstractmethod
    def layout(self, data_dir: Path) -> Layout:
        """Find which files belong to which part and class.

        Raises:
            DataError: there are no images, or the folders do not have the expected layout.
        """

    def missing_test(self, data_dir: Path) -> MissingDataError:
        """Create the error for a missing test part."""
        return missing(
            self.name,
            sought=data_dir / "test",
            remedy="Put the test images there, as test/<class>/<image>.",
        )

    def memory_bytes(self, data_dir: Path) -> int | None:
        """Estimate the bytes from the fitted size, or from the size of the first image."""
        layout, size = self.layout(data_dir), self.fitting.size
        count = len(layout.train) + len(layout.validation or ())
        width, height = (size, size) if size is not None else size_of(layout.train.paths[0])
        return 3 * width * height * count

    def load_train(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The training images."""
        layout = self.layout(data_dir)
        return self._read(layout, layout.train)

    def load_validation(self, data_dir: Path, *, download: bool) -> Images | None:  # noqa: ARG002
        """The validation images; None if there is no such part."""
        layout = self.layout(data_dir)
        return None if layout.validation is None else self._read(layout, layout.validation)

    def load_test(self, data_dir: Path, *, download: bool) -> Images:  # noqa: ARG002
        """The test images."""
        layout = self.layout(data_dir)
        if layout.test is None:
            raise self.missing_test(data_dir)
        return self._read(layout, layout.test)

    def some_in_memory(self, layout: Layout, listing: Listing) -> Images:
        """Decode a few images into memory.

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
        """Create one error for all parts, so that the user can repair all files at once."""
        paths = [path for part in layout.parts().values() for path in part.paths]
        found = [each for _, each in decoded(paths, fitting=self.fitting)]
        bad = [each for each in found if isinstance(each, Unreadable)]
        return UnreadableError(bad, of=len(paths))
