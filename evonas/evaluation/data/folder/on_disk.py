"""Make the images of a part available without loading them into memory."""

import torch

from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.checking import check_files
from evonas.evaluation.data.folder.disk.file_images import FileImages
from evonas.evaluation.data.folder.disk.file_reader import FileReader
from evonas.evaluation.data.folder.disk.packed_paths import PackedPaths
from evonas.evaluation.data.folder.listing import Listing
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.stored_pixels import StoredPixels


def images_on_disk(listing: Listing, *, fitting: Fitting) -> Images:
    """The images of a part, in order, equal to those of ``read_images`` but kept on disk.

    Args:
        listing: listing of the part.
        fitting: size that images are fitted to, and whether to skip unreadable files.

    Raises:
        UnreadableError: files cannot be read.
        DataError: images have different sizes.
    """
    found = check_files(listing, fitting=fitting)
    bad = {number for number, _ in found.bad}
    kept = [number for number in range(len(listing)) if number not in bad]
    files = FileImages(
        PackedPaths.of(listing.paths[number] for number in kept), fitting, found.shape
    )
    labels = torch.tensor([listing.labels[number] for number in kept], dtype=torch.int64)
    return Images(StoredPixels(FileReader(files, fingerprint=found.fingerprint)), labels)
