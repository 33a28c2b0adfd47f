"""Change brightness and contrast; inputs and outputs are images (N, C, H, W) in [0, 1]."""

import torch
from torch import Tensor


def brightness(images: Tensor, shift: float) -> Tensor:
    """Raise the value V of the HSV colour model by ``shift``, clipped; 0 changes nothing.

    V is the largest channel. With constant hue and saturation, all channels are proportional to
    it; black has no hue and becomes grey.
    """
    value = images.amax(1, keepdim=True)
    raised = (value + shift).clamp(0.0, 1.0)
    is_black = value == 0.0
    scale = raised / torch.where(is_black, torch.ones_like(value), value)
    return torch.where(is_black, raised, images * scale).clamp(0.0, 1.0)


def contrast(images: Tensor, factor: float) -> Tensor:
    """Multiply the distance of each channel from its mean by ``factor``; 1 changes nothing."""
    mean = images.mean((2, 3), keepdim=True)
    return ((images - mean) * factor + mean).clamp(0.0, 1.0)
