"""Draw mini-batches as in training, without augmentation."""

from collections.abc import Iterator

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.data.images import Images, unit_pixels

Batch = tuple[Tensor, Tensor]
"""Pixels (N, C, H, W) in [0, 1] and labels (N,)."""


def mini_batches(images: Images, *, batch: int, count: int, seed: int) -> list[Batch]:
    """Draw ``count`` batches of ``batch`` images, epoch by epoch without replacement.

    Args:
        images: images to draw from.
        batch: number of images in each batch.
        count: number of batches.
        seed: seed of the order.

    Raises:
        ConfigError: there are fewer images than one batch needs.
    """
    if batch > len(images):
        raise ConfigError(f"batch: expected at most {len(images)} images, got {batch}")
    generator = torch.Generator().manual_seed(seed)
    order = _endless(len(images), batch, generator)
    chosen = [images.subset(next(order)) for _ in range(count)]
    return [(unit_pixels(some.pixels), some.labels) for some in chosen]


def _endless(num_images: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    while True:
        order = torch.randperm(num_images, generator=generator)
        # the last, smaller batch of an epoch is dropped, as in training
        yield from (order[i : i + batch] for i in range(0, num_images - batch + 1, batch))
