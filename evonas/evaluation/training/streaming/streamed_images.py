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
    """What :class:`~evonas.evaluation.training.augment.FramedImages` are, without their pixels.

    Attributes:
        reader: reader of the images.
        labels: int64, (N,), on the device that batches go to.
        padding: pixels of black on each side before an image is cut out.
        flip: whether images are mirrored.
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
        """Cut and mirrored as planned: uint8, (batch, height, width, channels), on the CPU.

        Args:
            plans: rows of :func:`evonas.evaluation.training.augment.plan_epoch`.
            may_start_processes: whether processes may decode, and not threads alone.
        """
        return self.reader.batches(
            plans, padding=self.padding, may_start_processes=may_start_processes
        )

    def cut(self, plan: Tensor) -> tuple[Tensor, Tensor]:
        """One batch, decoded now.

        Args:
            plan: int64, (1 or 4, batch).
        """
        (pixels,) = self.batches([plan.cpu().numpy()], may_start_processes=False)
        return as_floats(pixels.to(self.labels.device)), self.labels.index_select(0, plan[0])


def as_floats(pixels: Tensor) -> Tensor:
    """Bytes, (batch, height, width, channels), as a network takes them: float32 in [0, 1].

    Returns:
        (batch, channels, height, width), channels last in memory.
    """
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255.0)
