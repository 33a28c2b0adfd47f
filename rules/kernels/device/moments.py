"""Merge the means and squared deviations of parts into mean and variance of the whole."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch, power_of_two

ROWS = 64
CHANNELS_AT_ONCE = 16


@triton.jit
def some_parts(
    first, channel, known, places, span, num_parts, channels, ROWS: tl.constexpr
):  # fmt: skip
    """Offsets of the means of ``ROWS`` parts, which parts exist, and their numbers of places."""
    part = first + tl.arange(0, ROWS)
    inside = (part < num_parts)[:, None] & known[None, :]
    at = (part * 2 * channels)[:, None] + channel[None, :]
    count = tl.maximum(tl.minimum(places - part * span, span), 0).to(tl.float32)
    return at, inside, count


@triton.jit
def merge_kernel(
    mean, variance, parts, places, span, num_parts, channels,
    LIMIT: tl.constexpr, ROWS: tl.constexpr, BLOCK_C: tl.constexpr,
):  # fmt: skip
    """Merge the moments of some channels; all parts but the last have ``span`` places."""
    channel = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    known = channel < channels
    total = tl.zeros((BLOCK_C,), tl.float32)
    for first in range(0, LIMIT, ROWS):
        at, inside, count = some_parts(
            first, channel, known, places, span, num_parts, channels, ROWS
        )
        total += tl.sum(count[:, None] * tl.load(parts + at, mask=inside, other=0.0), axis=0)
    average = total / places
    deviation = tl.zeros((BLOCK_C,), tl.float32)
    for first in range(0, LIMIT, ROWS):
        at, inside, count = some_parts(
            first, channel, known, places, span, num_parts, channels, ROWS
        )
        shift = tl.load(parts + at, mask=inside, other=0.0) - average[None, :]
        within = tl.load(parts + at + channels, mask=inside, other=0.0)
        deviation += tl.sum(within + count[:, None] * shift * shift, axis=0)
    tl.store(mean + channel, average, mask=known)
    tl.store(variance + channel, deviation / places, mask=known)


def merge_moments(parts: Tensor, *, places: int, span: int) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of all places, (channels,) float32 each.

    Args:
        parts: (n, 2, channels): mean of each part, and sum of squared deviations from it.
        places: number of places of all parts together.
        span: number of places of every part but the last.
    """
    num_parts, _, channels = parts.shape
    mean = parts.new_empty(channels)
    variance = torch.empty_like(mean)
    launch(
        merge_kernel, (-(-channels // CHANNELS_AT_ONCE),), mean, variance, parts, places, span,
        num_parts, channels, LIMIT=power_of_two(num_parts), ROWS=ROWS, BLOCK_C=CHANNELS_AT_ONCE,
        num_warps=4, num_stages=1,
    )  # fmt: skip
    return mean, variance
