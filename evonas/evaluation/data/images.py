"""Labelled images as tensors: bytes in memory or in files, floats one batch at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from evonas.errors import DataError
from evonas.evaluation.data.stored_pixels import StoredPixels


@final
@dataclass(frozen=True)
class Traits:
    """What a network, an attack and a training loop must know about a data set.

    Attributes:
        name: name of the data set in ``DATASETS``.
        num_classes: number of classes; labels lie in [0, num_classes).
        shape: (channels, height, width) of one image.
        mean: mean of the pixels in [0, 1], per channel.
        std: standard deviation of the pixels in [0, 1], per channel.
        crop_padding: black pixels around an image before a random crop; 0 for no random crop.
        flip: whether a mirrored image still belongs to its class.
        validation_share: share of the training images that the search validates on.
        epochs: default number of passes over the training part.
        batch: default number of images per optimiser step.
        channels: default width of the first stage; None leaves it to the space.
        cells: default number of cells per stage; None leaves it to the space.
        class_names: names in the order of the labels; empty if they are not known.
        epsilon: default radius of the attack in the L-infinity norm, as text; chosen so that
            normally trained networks differ in robustness.
    """

    name: str
    num_classes: int
    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    crop_padding: int
    flip: bool = True
    validation_share: float = 0.5  # the split of NAS-Bench-201
    epochs: int = 12
    batch: int = 256
    channels: int | None = None
    cells: int | None = None
    class_names: tuple[str, ...] = ()
    epsilon: str = "1/255"


@final
@dataclass(frozen=True)
class Images:
    """Images and their classes, on one device.

    Attributes:
        pixels: uint8, (N, channels, height, width); images that stay on disk are read when they
            are indexed (see :class:`~evonas.evaluation.data.stored_pixels.StoredPixels`).
        labels: int64, (N,).

    Raises:
        DataError: the dtypes or shapes are others.
    """

    pixels: Tensor
    labels: Tensor

    def __post_init__(self) -> None:
        if self.pixels.dtype != torch.uint8 or self.pixels.dim() != 4:
            raise DataError(
                "pixels: expected uint8 (N, channels, height, width), "
                f"got {self.pixels.dtype} {tuple(self.pixels.shape)}"
            )
        if self.labels.dtype != torch.int64 or self.labels.shape != self.pixels.shape[:1]:
            raise DataError(
                f"labels: expected int64 ({len(self.pixels)},), "
                f"got {self.labels.dtype} {tuple(self.labels.shape)}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> "Images":
        """The same images on ``device``."""
        pixels = self.pixels
        moved = pixels.on(device) if isinstance(pixels, StoredPixels) else pixels.to(device)
        return Images(moved, self.labels.to(device))

    def subset(self, index: Tensor) -> "Images":
        """The images at ``index`` (int64, on any device), in that order."""
        index, pixels = index.to(self.labels.device), self.pixels
        part = pixels.subset(index) if isinstance(pixels, StoredPixels) else pixels[index]
        return Images(part, self.labels[index])

    def with_more(self, others: "Images") -> "Images":
        """These images, then the others."""
        labels = torch.cat([self.labels, others.labels])
        mine, theirs = self.pixels, others.pixels
        if isinstance(mine, StoredPixels) and isinstance(theirs, StoredPixels):
            return Images(mine.with_more(theirs), labels)
        return Images(torch.cat([mine, theirs]), labels)

    def chunks(self, size: int) -> "Iterator[Images]":
        """Yield all images in order, in memory, ``size`` at a time; the last part is smaller."""
        pixels, labels = self.pixels, self.labels.split(size)
        parts = (
            pixels.chunks(size) if isinstance(pixels, StoredPixels) else iter(pixels.split(size))
        )
        for part, their_labels in zip(parts, labels, strict=False):  # no images: one empty part
            yield Images(part, their_labels)


@final
@dataclass(frozen=True)
class FloatImages:
    """Like :class:`Images`, with float pixels, for images from outside evonas.

    Attributes:
        pixels: float, (N, channels, height, width), in [0, 1].
        labels: int64, (N,).
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> "FloatImages":
        """The same images on ``device``."""
        return FloatImages(self.pixels.to(device), self.labels.to(device))

    def subset(self, index: Tensor) -> "FloatImages":
        """The images at ``index`` (int64, on any device), in that order."""
        index = index.to(self.labels.device)
        return FloatImages(self.pixels[index], self.labels[index])


@final
@dataclass(frozen=True)
class SearchData:
    """Everything that a search may see of a data set, which excludes its test images.

    Attributes:
        traits: traits of the data set.
        train: images that candidates are trained on.
        validation: images that candidates are compared on.
    """

    traits: Traits
    train: Images
    validation: Images

    def to(self, device: torch.device | str) -> "SearchData":
        """The same data on ``device``."""
        return SearchData(self.traits, self.train.to(device), self.validation.to(device))


def unit_pixels(pixels: Tensor) -> Tensor:
    """Convert bytes to float32 in [0, 1], the input of networks and attacks, channels last.

    Convolutions are faster with this memory layout, on CPUs too. Floats keep their values.
    """
    if pixels.is_floating_point():
        return pixels.to(memory_format=torch.channels_last)
    pixels = pixels.to(torch.float32, memory_format=torch.channels_last)
    return pixels.div(255.0)
