"""Test-time augmentation: classify an image in several views, mirrored and shifted by a pixel."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.images import Images, unit_pixels
from evonas.networks import Network

Views: TypeAlias = Literal["one", "flips", "flips and shifts"]
"""Views of an image. ``one``: the image itself. ``flips``: the mean of the logits of the image and
its mirror image. ``flips and shifts``: that mean for the image, with weight 1/2, and for the image
shifted by one pixel towards either end of the diagonal, with weight 1/4 each; borders are
reflected (airbench94, arXiv 2404.00498, section 3.6). Images of data sets that must not be
mirrored are not: their views are the image itself, and its shifts."""

SHIFT = 1  # pixels


def viewed_logits(network: Network, pixels: Tensor, views: Views, *, may_flip: bool) -> Tensor:
    """Weighted mean of the logits over the views of each image.

    Args:
        network: network in evaluation mode.
        pixels: (N, C, H, W), in [0, 1].
        views: views to average over.
        may_flip: whether a mirrored image still belongs to its class.

    Returns:
        (N, classes).
    """
    if views == "one":
        return _plain(network, pixels)
    seen = _flipped if may_flip else _plain
    both = seen(network, pixels)
    if views == "flips":
        return both
    height, width = pixels.shape[2:]
    framed = F.pad(pixels, (SHIFT,) * 4, mode="reflect")
    shifted = [
        seen(network, framed[:, :, at : at + height, at : at + width]) for at in (0, 2 * SHIFT)
    ]
    return 0.5 * both + 0.25 * shifted[0] + 0.25 * shifted[1]


def viewed_accuracy(
    network: Network, images: Images, *, views: Views, may_flip: bool, batch: int = 500
) -> float:
    """Share of images that a network, in evaluation mode, classifies correctly by these views."""
    if views == "one":
        return accuracy(network, images, batch=batch)
    hits = 0
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            pixels = unit_pixels(images.pixels[start : start + batch])
            guesses = viewed_logits(network, pixels, views, may_flip=may_flip).argmax(1)
            hits += int((guesses == images.labels[start : start + batch]).sum())
    return hits / len(images)


def _plain(network: Network, pixels: Tensor) -> Tensor:
    logits: Tensor = network(pixels)
    return logits


def _flipped(network: Network, pixels: Tensor) -> Tensor:
    plain: Tensor = network(pixels)
    mirrored: Tensor = network(pixels.flip(3))
    return 0.5 * plain + 0.5 * mirrored
