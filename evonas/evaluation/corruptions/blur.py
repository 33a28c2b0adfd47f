"""Blur images with a Gaussian, or with the disk of a lens that is out of focus.

Inputs and outputs are images (N, C, H, W) in [0, 1]. Each channel is blurred separately.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

TRUNCATE_DEVIATIONS = 4.0
"""Number of deviations at which the Gaussian is truncated, as in scipy and scikit-image."""

Border = Literal["replicate", "reflect"]


def gaussian_blur(images: Tensor, deviation: float) -> Tensor:
    """Blur with a Gaussian of this deviation in pixels; border pixels are repeated outwards."""
    radius = int(TRUNCATE_DEVIATIONS * deviation + 0.5)
    line = _gaussian(radius, deviation)
    return _filtered(images, torch.outer(line, line), border="replicate")


def defocus_blur(images: Tensor, radius: float, softness: float) -> Tensor:
    """Blur with a disk whose edge is softened; pixels are mirrored at the border.

    Args:
        images: images of at least 3 x 3 pixels, more for a larger radius.
        radius: radius of the disk in pixels, at least 0.
        softness: deviation of the 3 x 3 Gaussian that softens the disk, in pixels, above 0.
    """
    return _filtered(images, disk(radius, softness), border="reflect")


def disk(radius: float, softness: float) -> Tensor:
    """Kernel of a lens out of focus, float64: a disk of sum 1, softened."""
    reach = math.floor(radius)
    line = torch.arange(-reach - 1.0, reach + 2.0, dtype=torch.float64)
    inside = (line[:, None] ** 2 + line**2 <= radius**2).double()
    soft = _gaussian(1, softness)
    kernel = torch.outer(soft, soft)[None, None]
    # the margin of zeros is as wide as the Gaussian's radius, so that nothing is cut off
    return F.conv2d((inside / inside.sum())[None, None], kernel, padding=1)[0, 0]


def _gaussian(radius: int, deviation: float) -> Tensor:
    """Weights of sum 1 at -radius ... radius, float64."""
    places = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (places / deviation) ** 2)
    return weights / weights.sum()


def _filtered(images: Tensor, kernel: Tensor, *, border: Border) -> Tensor:
    """Correlate each channel with a square kernel of odd side."""
    used = kernel.to(images).expand(images.shape[1], 1, *kernel.shape)
    reach = kernel.shape[0] // 2
    padded = F.pad(images, (reach, reach, reach, reach), mode=border)
    return F.conv2d(padded, used, groups=images.shape[1]).clamp(0.0, 1.0)
