"""Batches cut from framed images on their device: an epoch is planned once, every step gathers.

Images lie on the device as bytes, channels last, with a black frame (0, before the network
normalises them, as in NAS-Bench-201). A random crop and mirror is then a choice of rows and
columns. Indices are computed and gathered; nothing depends on a value that the host would have to
read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.stored_pixels import StoredPixels
from evonas.evaluation.training.streaming.streamed_images import StreamedImages, as_floats


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


TrainingImages: TypeAlias = FramedImages | StreamedImages
"""In memory, or in files: plans are the same for both, and so are the batches."""


def training_images(images: Images, *, traits: Traits) -> TrainingImages:
    """``images`` as a training takes them: in memory and framed, or in files, to be framed.

    Args:
        images: on their device.
        traits: say how they may be augmented.
    """
    if isinstance(images.pixels, StoredPixels):
        return StreamedImages(
            images.pixels.reader, images.labels, traits.crop_padding, traits.flip
        )
    return frame(images, traits=traits)


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


def plan_epoch(framed: TrainingImages, *, batch: int, generator: torch.Generator) -> Tensor:
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


def without_augmentation(framed: TrainingImages, index: Tensor) -> Tensor:
    """The plan of one step that sees these images as they are: int64, (1 or 4, batch).

    Args:
        framed: the images.
        index: int64, (batch,), numbers of images.
    """
    if not (framed.padding or framed.flip):
        return index.unsqueeze(0)
    place = torch.full_like(index, framed.padding)
    return torch.stack([index, place, place, torch.zeros_like(index)])


def cut(framed: TrainingImages, plan: Tensor) -> tuple[Tensor, Tensor]:
    """The batch of one step.

    Args:
        framed: the images.
        plan: int64, (1 or 4, batch), on their device; a row of :func:`plan_epoch`.

    Returns:
        Pixels, float32, (batch, channels, height, width), in [0, 1], channels last in memory; and
        labels, int64, (batch,).
    """
    if isinstance(framed, StreamedImages):
        return framed.cut(plan)
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
    return as_floats(pixels), labels


def planned_batches(framed: TrainingImages, plan: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of an epoch, one after the other; those in files are decoded ahead, by threads.

    Args:
        framed: the images.
        plan: plan of :func:`plan_epoch`.
    """
    device = framed.labels.device
    if isinstance(framed, FramedImages):
        for row in plan.to(device):
            yield cut(framed, row)
        return
    decoded = framed.batches(list(plan.numpy()), may_start_processes=False)
    for row, pixels in zip(plan, decoded, strict=True):
        yield as_floats(pixels.to(device)), framed.labels[row[0].to(device)]
