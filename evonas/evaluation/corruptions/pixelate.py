"""Pixelate images by downscaling and upscaling them."""

import torch
from torch import Tensor


def pixelate(images: Tensor, share: float) -> Tensor:
    """Resize images (N, C, H, W) to ``share`` of their side, rounded down, and back.

    A share of 1 changes nothing. In both directions each pixel is the mean of those whose centres
    lie in its box, as with Pillow's ``BOX`` filter.
    """
    rows, columns = (_down_and_up(side, max(1, int(side * share))) for side in images.shape[2:])
    return (rows.to(images) @ images @ columns.to(images).t()).clamp(0.0, 1.0)


def _down_and_up(side: int, smaller: int) -> Tensor:
    """The matrix (side, side) that resizes one side to ``smaller`` and back, float64."""
    return box_resize(smaller, side) @ box_resize(side, smaller)


def box_resize(before: int, after: int) -> Tensor:
    """The matrix (after, before) that resizes one side, float64; its rows sum to 1."""
    scale = before / after
    half = 0.5 * max(scale, 1.0)
    centres = (torch.arange(after, dtype=torch.float64) + 0.5) * scale
    places = torch.arange(before, dtype=torch.float64) + 0.5
    distance = places[None] - centres[:, None]
    inside = ((distance > -half) & (distance <= half)).double()
    return inside / inside.sum(1, keepdim=True)
