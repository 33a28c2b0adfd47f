"""Read images from files: some of them immediately, or batches ahead of their use."""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from evonas.evaluation.data.folder.disk.decoders import (
    Decoders,
    choose_decoders,
    decoded_batches,
    num_cores,
)
from evonas.evaluation.data.folder.disk.file_images import FileImages
from evonas.evaluation.data.stored_pixels import AbstractReader

Array = np.ndarray[Any, Any]


@final
class FileReader(AbstractReader):
    """Reader of files that have been checked.

    Args:
        files: image files to read.
        fingerprint: fingerprint of all images and labels, if it is known.
    """

    def __init__(self, files: FileImages, *, fingerprint: str | None = None) -> None:
        self.files = files
        self.shape = files.shape
        self.fingerprint = fingerprint

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: Sequence[int]) -> Tensor:
        """Decode some images immediately, in threads."""
        channels, height, width = self.shape
        found = np.empty((len(index), height, width, channels), dtype=np.uint8)

        def put(place: int, number: int) -> None:
            found[place] = self.files.image(number)

        with ThreadPoolExecutor(num_cores()) as pool:
            for _ in pool.map(put, range(len(index)), index):
                pass
        return torch.from_numpy(found).permute(0, 3, 1, 2).contiguous()

    def batches(
        self, plans: Sequence[Array], *, padding: int, may_start_processes: bool = True
    ) -> Generator[Tensor, None, None]:
        """Yield the batch of each plan, decoded in worker processes or threads."""
        if not len(plans):
            return
        batch_bytes = plans[0].shape[1] * int(np.prod(self.shape))
        decoders = (
            choose_decoders(batch_bytes) if may_start_processes else Decoders(0, num_cores())
        )
        yield from decoded_batches(self.files, plans, padding=padding, decoders=decoders)

    def subset(self, index: Sequence[int]) -> "FileReader":
        """A reader of some of the images, in the order of ``index``."""
        files = self.files
        return FileReader(FileImages(files.paths.subset(index), files.fitting, files.shape))

    def with_more(self, others: AbstractReader) -> "FileReader":
        """A reader of these images, then of the others, which must be in files too."""
        assert isinstance(others, FileReader)
        files = self.files
        paths = files.paths.with_more(others.files.paths)
        return FileReader(FileImages(paths, files.fitting, files.shape))
