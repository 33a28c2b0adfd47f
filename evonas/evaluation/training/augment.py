"""Batches cut from framed images on their device: an epoch is planned once, every step gathers.

Images lie on the device as bytes, channels last, with a black frame (0, before the network
normalises them, as in NAS-Bench-201). A random crop and mirror is then a choice of rows and
columns. Indices are computed and gathered; nothing depends on a value that the host would have to
read.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.data.images import Images, Traits


@final
@dataclass(frozen=True)
class FramedImages:
    """Training images as a device keeps them, once for all candidates.

    Attributes:
        pixels: uint8, (N, height + 2 padding, width + 2 padding, channels).
        labels: int64, (N,).
        rows: int64, (height,), counted from 0; of an image without its frame.
        columns: int64, (width,), the same.
        padding: pixels of black on each side.
        flip: whether images are mirrored.
    """

    pixels: Tensor
    labels: Tensor
    rows: Tensor
    columns: Tensor
    padding: int
    flip: bool

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image without its frame."""
        return self.pixels.shape[3], len(self.rows), len(self.columns)


def frame(images: Images, *, traits: Traits) -> FramedImages:
    """``images``, on their device, framed as their traits ask for."""
    padding, device = traits.crop_padding, images.pixels.device
    pixels = F.pad(images.pixels, (padding, padding, padding, padding))
    _, _, height, width = images.pixels.shape
    return FramedImages(
        pixels=pixels.permute(0, 2, 3, 1).contiguous(),
        labels=images.labels,
        rows=torch.arange(height, device=device),
        columns=torch.arange(width, device=device),
        padding=padding,
        flip=traits.flip,
    )


def plan_epoch(framed: FramedImages, *, batch: int, generator: torch.Generator) -> Tensor:
    """Which images each step of an epoch sees, and where it cuts them.

    Args:
        framed: the images.
        batch: images in a step; the last, smaller one is dropped.
        generator: on the CPU, so that the plan is the same on every device.

    Returns:
        int64, (steps, 1 or 4, batch), on the CPU: number of the image and, where images are
        augmented, first row, first column, and 1 where it is mirrored.
    """
    steps = len(framed) // batch
    order = torch.randperm(len(framed), generator=generator)[: steps * batch]
    parts = [order]
    if framed.padding or framed.flip:
        places = 2 * framed.padding + 1
        for high in (places, places, 2 if framed.flip else 1):
            parts.append(torch.randint(high, order.shape, generator=generator))
    return torch.stack(parts).view(len(parts), steps, batch).transpose(0, 1).contiguous()


def without_augmentation(framed: FramedImages, index: Tensor) -> Tensor:
    """The plan of one step that sees these images as they are: int64, (1 or 4, batch).

    Args:
        framed: the images.
        index: int64, (batch,), numbers of images.
    """
    if not (framed.padding or framed.flip):
        return index.unsqueeze(0)
    place = torch.full_like(index, framed.padding)
    return torch.stack([index, place, place, torch.zeros_like(index)])


def cut(framed: FramedImages, plan: Tensor) -> tuple[Tensor, Tensor]:
    """The batch of one step.

    Args:
        framed: the images.
        plan: int64, (1 or 4, batch), on their device; a row of :func:`plan_epoch`.

    Returns:
        Pixels, float32, (batch, channels, height, width), in [0, 1], channels last in memory; and
        labels, int64, (batch,).
    """
    index, *places = plan.unbind()
    if places:
        top, left, is_mirrored = (place.unsqueeze(1) for place in places)
        rows = framed.rows + top  # (batch, height)
        width = len(framed.columns)
        columns = framed.columns + is_mirrored * (width - 1 - 2 * framed.columns) + left
        pixels = framed.pixels[index.view(-1, 1, 1), rows.unsqueeze(2), columns.unsqueeze(1)]
    else:
        pixels = framed.pixels.index_select(0, index)
    labels = framed.labels.index_select(0, index)
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255.0), labels
