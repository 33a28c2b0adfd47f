"""Pixelation: an image made smaller and larger again."""

import torch
from torch import Tensor


def pixelate(images: Tensor, share: float) -> Tensor:
    """Images (N, C, H, W) at ``share`` of their side, rounded down, and back; 1 changes nothing.

    Both ways each pixel is the mean of those whose centres are within its box, as in Pillow's
    ``BOX``.
    """
    rows, columns = (_there_and_back(side, max(1, int(side * share))) for side in images.shape[2:])
    return (rows.to(images) @ images @ columns.to(images).t()).clamp(0.0, 1.0)


def _there_and_back(side: int, smaller: int) -> Tensor:
    """The matrix (side, side) that makes one side smaller and as large as it was, float64."""
    return box_resize(smaller, side) @ box_resize(side, smaller)


def box_resize(before: int, after: int) -> Tensor:
    """The matrix (after, before) of a resized side, float64; its rows sum to 1."""
    scale = before / after
    half = 0.5 * max(scale, 1.0)
    centres = (torch.arange(after, dtype=torch.float64) + 0.5) * scale
    places = torch.arange(before, dtype=torch.float64) + 0.5
    distance = places[None] - centres[:, None]
    inside = ((distance > -half) & (distance <= half)).double()
    return inside / inside.sum(1, keepdim=True)
