"""The same folder of images in memory and on disk, read as in a new process."""

from pathlib import Path

from evonas.evaluation.data.fitting import DISK, Fitting
from evonas.evaluation.data.folder import checking, reading
from evonas.evaluation.data.folder.disk.file_reader import FileReader
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.stored_pixels import StoredPixels
from tests.evaluation.data.image_tree import SIZE

IN_MEMORY = Fitting(SIZE)
ON_DISK = Fitting(SIZE, storage=DISK)


def forget() -> None:
    """Empty the caches, as in a new process."""
    checking._checked.cache_clear()
    reading._kept.cache_clear()
    from evonas.evaluation.data.folder import notes

    notes._LAST.clear()


def train_images(root: Path, fitting: Fitting) -> Images:
    return Folder(fitting).load_train(root, download=False)


def reader(images: Images) -> FileReader:
    assert isinstance(images.pixels, StoredPixels)
    assert isinstance(images.pixels.reader, FileReader)
    return images.pixels.reader
