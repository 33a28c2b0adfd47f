"""ReLU, depthwise and pointwise convolution in one kernel, with the statistics of the outputs.

A program computes all channels of some output places. The depthwise result of a block of channels
stays in registers and is multiplied by the pointwise weights at once.
"""

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch, power_of_two
from evonas.rules.kernels.device.moments import merge_moments
from evonas.rules.kernels.device.places import (
    MAX_PROGRAMS,
    offsets,
    pixel,
    share_tiles,
    tile_places,
)
from evonas.rules.kernels.layout import empty_outputs, memory_format, to_layout_of


@triton.jit
def active_tap(
    inputs, image, y, x, valid, channel, height, width, tap,
    CHANNELS: tl.constexpr, INNER: tl.constexpr, KERNEL: tl.constexpr, STRIDE: tl.constexpr,
    PADDING: tl.constexpr, DILATION: tl.constexpr,
):  # fmt: skip
    """relu(inputs) at one tap of the kernel: (places, channels)."""
    row = y * STRIDE - PADDING + (tap // KERNEL) * DILATION
    column = x * STRIDE - PADDING + (tap % KERNEL) * DILATION
    inside = valid & (row >= 0) & (row < height) & (column >= 0) & (column < width)
    place = (image * height + row) * width + column
    at = offsets(place[:, None], channel[None, :], CHANNELS, INNER)
    seen = inside[:, None] & (channel < CHANNELS)[None, :]
    value = tl.load(inputs + at, mask=seen, other=0.0).to(tl.float32)
    return tl.where(value < 0.0, 0.0, value)  # keeps NaN, as torch does


@triton.jit
def separable_kernel(
    z, parts, inputs, depthwise, pointwise, places, height, width, out_height, out_width,
    C_IN: tl.constexpr, C_OUT: tl.constexpr, KERNEL: tl.constexpr, STRIDE: tl.constexpr,
    PADDING: tl.constexpr, DILATION: tl.constexpr, INNER_IN: tl.constexpr,
    INNER_OUT: tl.constexpr, TILES: tl.constexpr, BLOCK_P: tl.constexpr, BLOCK_C: tl.constexpr,
    BLOCK_O: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Compute z at some places, and the mean and sum of squared deviations of each channel."""
    out = tl.arange(0, BLOCK_O)
    known = out < C_OUT
    count = 0.0
    mean = tl.zeros((BLOCK_O,), tl.float32)
    deviation = tl.zeros((BLOCK_O,), tl.float32)
    for tile in range(TILES):
        place = tile_places(tl.program_id(0) * TILES + tile, BLOCK_P)
        valid = place < places
        image, y, x = pixel(place, out_height, out_width)
        total = tl.zeros((BLOCK_P, BLOCK_O), tl.float32)
        for first in range(0, C_IN, BLOCK_C):
            channel = first + tl.arange(0, BLOCK_C)
            hidden = tl.zeros((BLOCK_P, BLOCK_C), tl.float32)
            for tap in range(KERNEL * KERNEL):
                value = active_tap(
                    inputs, image, y, x, valid, channel, height, width, tap,
                    C_IN, INNER_IN, KERNEL, STRIDE, PADDING, DILATION,
                )  # fmt: skip
                at_tap = channel * (KERNEL * KERNEL) + tap
                weight = tl.load(depthwise + at_tap, mask=channel < C_IN, other=0.0).to(tl.float32)
                hidden += value * weight[None, :]
            both = (channel < C_IN)[:, None] & known[None, :]
            at_pair = out[None, :] * C_IN + channel[:, None]
            weights = tl.load(pointwise + at_pair, mask=both, other=0.0).to(tl.float32)
            total = tl.dot(hidden, weights, total, input_precision=PRECISION)
        stored = total.to(z.dtype.element_ty)
        inside = valid[:, None] & known[None, :]
        tl.store(z + offsets(place[:, None], out[None, :], C_OUT, INNER_OUT), stored, mask=inside)

        # statistics of the values as stored, merged tile by tile (Chan, Golub and LeVeque 1979)
        value = stored.to(tl.float32)
        here = tl.sum(valid.to(tl.float32), axis=0)
        tile_mean = tl.sum(tl.where(inside, value, 0.0), axis=0) / tl.maximum(here, 1.0)
        gap = tl.where(inside, value - tile_mean[None, :], 0.0)
        shift = tile_mean - mean
        merged = count + here
        deviation += tl.sum(gap * gap, axis=0) + shift * shift * (count * here / merged)
        mean += shift * (here / merged)
        count = merged
    at = tl.program_id(0) * 2 * C_OUT + out
    tl.store(parts + at, mean, mask=known)
    tl.store(parts + at + C_OUT, deviation, mask=known)


@dataclass(frozen=True)
class Blocks:
    """The block sizes of one program.

    Attributes:
        places: number of places per tile.
        channels: number of input channels processed at a time.
        warps: number of warps.
    """

    places: int
    channels: int
    warps: int


# keyed by the number of output channels; chosen so that no kernel spills registers (tests/kernels)
FORWARD = {
    16: Blocks(64, 16, 4), 32: Blocks(64, 16, 4), 64: Blocks(64, 16, 8), 128: Blocks(64, 16, 8),
    256: Blocks(32, 16, 8),
}  # fmt: skip
BACKWARD = FORWARD | {64: Blocks(32, 32, 4), 128: Blocks(32, 16, 8)}


def precision(tensor: Tensor) -> str:
    """The precision of products: IEEE for float32 unless torch allows TF32, else TF32."""
    if tensor.dtype == torch.float32 and torch.backends.cuda.matmul.fp32_precision != "tf32":
        return "ieee"
    return "tf32"  # exact for bfloat16 inputs


def inner(tensor: Tensor) -> int:
    """Stride between the channels of a place."""
    if memory_format(tensor) == torch.channels_last:
        return 1
    return tensor.shape[2] * tensor.shape[3]


def forward(
    inputs: Tensor, depthwise: Tensor, pointwise: Tensor, stride: int, padding: int, dilation: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs and their statistics; see :func:`evonas.rules.kernels.convolve_separably`."""
    z = empty_outputs(inputs, depthwise, pointwise, stride, padding, dilation)
    (inputs,) = to_layout_of([inputs], z)
    batch, c_out, out_height, out_width = z.shape
    places, wide = batch * out_height * out_width, power_of_two(c_out, least=16)
    blocks = FORWARD[wide]
    tiles = -(-places // blocks.places)
    programs, per_program = share_tiles(tiles, max_programs=MAX_PROGRAMS)
    parts = z.new_empty(programs, 2, c_out, dtype=torch.float32)
    launch(
        separable_kernel, (programs,), z, parts, inputs, depthwise.contiguous(),
        pointwise.contiguous(), places, *inputs.shape[2:], out_height, out_width,
        C_IN=inputs.shape[1], C_OUT=c_out, KERNEL=depthwise.shape[-1], STRIDE=stride,
        PADDING=padding, DILATION=dilation, INNER_IN=inner(inputs), INNER_OUT=inner(z),
        TILES=per_program, BLOCK_P=blocks.places, BLOCK_C=blocks.channels, BLOCK_O=wide,
        PRECISION=precision(inputs), num_warps=blocks.warps, num_stages=1,
    )  # fmt: skip
    return z, *merge_moments(parts, places=places, span=per_program * blocks.places)
