"""Training images that stay in their files."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from evonas.evaluation.data.stored_pixels import AbstractReader


@final
@dataclass(frozen=True)
class StreamedImages:
    """Like :class:`~evonas.evaluation.training.augment.FramedImages`, with the pixels in files.

    Attributes:
        reader: reader of the image files.
        labels: int64, (N,), on the device that batches are copied to.
        padding: width of the black frame on each side before cropping, in pixels.
        flip: whether images are randomly mirrored.
    """

    reader: AbstractReader
    labels: Tensor
    padding: int
    flip: bool

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image without its frame."""
        return self.reader.shape

    def batches(
        self, plans: Sequence[np.ndarray[Any, Any]], *, may_start_processes: bool = True
    ) -> Generator[Tensor, None, None]:
        """Yield cropped and mirrored batches: uint8, (batch, height, width, channels), on the CPU.

        Args:
            plans: rows of :func:`evonas.evaluation.training.augment.plan_epoch`.
            may_start_processes: whether to decode in processes too, not only in threads.
        """
        return self.reader.batches(
            plans, padding=self.padding, may_start_processes=may_start_processes
        )

    def cut(self, plan: Tensor) -> tuple[Tensor, Tensor]:
        """Decode one batch immediately.

        Args:
            plan: int64, (1 or 4, batch).
        """
        (pixels,) = self.batches([plan.cpu().numpy()], may_start_processes=False)
        return as_floats(pixels.to(self.labels.device)), self.labels.index_select(0, plan[0])


def as_floats(pixels: Tensor) -> Tensor:
    """Convert bytes, (batch, height, width, channels), to the network's input: float32 in [0, 1].

    Returns:
        (batch, channels, height, width), channels last in memory.
    """
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255.0)
