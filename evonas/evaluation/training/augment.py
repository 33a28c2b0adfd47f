"""Augment training images on their device: each epoch is planned once, each step only gathers.

Images are stored on the device as bytes, channels last, with a black frame (0 before the network
normalises them, as in NAS-Bench-201). A random crop and flip is then a choice of rows and columns,
done by indexing: the host never has to read a value from the device.
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
    """Training images in the memory of a device, shared by all candidates.

    Attributes:
        pixels: uint8, (N, height + 2 padding, width + 2 padding, channels).
        labels: int64, (N,).
        rows: int64, (height,), row numbers of an image without its frame, from 0.
        columns: int64, (width,), column numbers of an image without its frame, from 0.
        padding: width of the black frame on each side, in pixels.
        flip: whether images are randomly mirrored.
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
"""Images in memory or in files; both give the same plans and the same batches."""


def training_images(images: Images, *, traits: Traits) -> TrainingImages:
    """Prepare images for training: framed if they are in memory, streamed if they are in files.

    Args:
        images: images on their device.
        traits: traits of the data set, which say how the images may be augmented.
    """
    if isinstance(images.pixels, StoredPixels):
        return StreamedImages(
            images.pixels.reader, images.labels, traits.crop_padding, traits.flip
        )
    return frame(images, traits=traits)


def frame(images: Images, *, traits: Traits) -> FramedImages:
    """Add the black frame that the traits of the data set ask for, on the images' device."""
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
    """Draw which images each step of an epoch sees, and how it crops and mirrors them.

    Args:
        framed: training images.
        batch: number of images in a step; a last, smaller batch is dropped.
        generator: random generator on the CPU, so that the plan is the same on every device.

    Returns:
        int64, (steps, 1 or 4, batch), on the CPU: number of the image and, if images are
        augmented, first row, first column, and 1 if it is mirrored.
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
    """The plan of one step that sees the given images unaugmented: int64, (1 or 4, batch).

    Args:
        framed: training images.
        index: int64, (batch,), numbers of the images.
    """
    if not (framed.padding or framed.flip):
        return index.unsqueeze(0)
    place = torch.full_like(index, framed.padding)
    return torch.stack([index, place, place, torch.zeros_like(index)])


def cut(framed: TrainingImages, plan: Tensor) -> tuple[Tensor, Tensor]:
    """Gather the batch of one step.

    Args:
        framed: training images.
        plan: int64, (1 or 4, batch), on the images' device; a row of :func:`plan_epoch`.

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
    """Yield the batches of an epoch; images in files are decoded ahead, by threads.

    Args:
        framed: training images.
        plan: result of :func:`plan_epoch`.
    """
    device = framed.labels.device
    if isinstance(framed, FramedImages):
        for row in plan.to(device):
            yield cut(framed, row)
        return
    decoded = framed.batches(list(plan.numpy()), may_start_processes=False)
    for row, pixels in zip(plan, decoded, strict=True):
        yield as_floats(pixels.to(device)), framed.labels[row[0].to(device)]
