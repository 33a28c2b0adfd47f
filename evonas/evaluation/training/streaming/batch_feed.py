"""Copy batches decoded on the host to the buffer that a training step reads."""

from collections.abc import Iterator
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from evonas.evaluation.training.streaming.streamed_images import StreamedImages, as_floats


@final
class BatchFeed:
    """Decodes the batches of an epoch ahead and copies the current one to a fixed buffer.

    A step captured as a CUDA graph always reads from this buffer.

    Args:
        images: training images in their files.
        batch: number of images in a step.
    """

    def __init__(self, images: StreamedImages, *, batch: int) -> None:
        channels, height, width = images.shape
        device = images.labels.device
        self._images = images
        self._host_labels = images.labels.cpu()
        self._pixels = torch.zeros(
            batch, height, width, channels, dtype=torch.uint8, device=device
        )
        self._labels = torch.zeros(batch, dtype=torch.int64, device=device)
        self._plans: list[np.ndarray[Any, Any]] = []
        self._number = 0
        self._decoded: Iterator[Tensor] | None = None

    def begin(self, plan: Tensor) -> None:
        """Set the plan of the next epoch, on the CPU; :meth:`fetch` starts the decoding."""
        self.close()
        self._plans = list(plan.numpy())
        self._number = 0

    def go_to(self, number: int) -> None:
        """Continue the current epoch with the step of this number."""
        self.close()
        self._number = number

    def fetch(self) -> None:
        """Copy the next batch to the buffer; waits until it is decoded.

        Raises:
            DataError: a file can no longer be read, or a worker was killed.
        """
        if self._decoded is None:
            self._decoded = self._images.batches(self._plans[self._number :])
        pixels = next(self._decoded)
        labels = self._host_labels[torch.from_numpy(self._plans[self._number][0])]
        if self._pixels.is_cuda:  # a copy from pageable memory would make the host wait
            pixels, labels = pixels.pin_memory(), labels.pin_memory()
        self._pixels.copy_(pixels, non_blocking=True)
        self._labels.copy_(labels, non_blocking=True)
        self._number += 1

    def batch(self) -> tuple[Tensor, Tensor]:
        """The current batch, in the form of :func:`~evonas.evaluation.training.augment.cut`."""
        return as_floats(self._pixels), self._labels

    def close(self) -> None:
        """Stop decoding; the plan is kept."""
        decoded, self._decoded = self._decoded, None
        if decoded is not None:
            decoded.close()  # type: ignore[attr-defined]  # a generator
