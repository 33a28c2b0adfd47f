"""Gradients of the terms of a node: one pass sums and reduces, a second one writes them."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch, power_of_two
from evonas.rules.kernels.device.places import (
    MAX_PROGRAMS,
    own_tile,
    share_tiles,
    tile_at,
    tile_channels,
    tiling,
    widened,
)
from evonas.rules.kernels.layout import empty_in_layout_of, to_layout_of


@triton.jit
def join_reduce_kernel(
    joined,
    sums,
    received,
    received_active,
    node,
    raws,
    means,
    places,
    HAS_RECEIVED: tl.constexpr,
    HAS_ACTIVE: tl.constexpr,
    TILES: tl.constexpr,
    SLOTS: tl.constexpr,
    CHANNELS: tl.constexpr,
    INNER: tl.constexpr,
    BLOCK_P: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """Compute the total gradient g at some tiles, and their sums of g and of g (z_i - mean_i)."""
    channel, known = tile_channels(CHANNELS, BLOCK_C)
    slot = tl.arange(0, SLOTS)
    total = tl.zeros((BLOCK_C, SLOTS), tl.float32)
    for tile in range(TILES):
        number = tl.program_id(0) * TILES + tile
        at, inside = tile_at(number, channel, places, CHANNELS, INNER, BLOCK_P)
        signal = tl.zeros((BLOCK_P, BLOCK_C), tl.float32)
        if HAS_RECEIVED:
            signal += widened(received + at, inside, 0.0)
        if HAS_ACTIVE:
            silent = widened(node + at, inside, 0.0) <= 0.0
            active = widened(received_active + at, inside, 0.0)
            signal += tl.where(silent, 0.0, active)
            # without relu, the joined gradient is the received tensor itself
            tl.store(joined + at, signal.to(joined.dtype.element_ty), mask=inside)
        total += tl.where(slot[None, :] == 0, tl.sum(signal, axis=0)[:, None], 0.0)
        for i in tl.static_range(len(raws)):
            z = widened(raws[i] + at, inside, 0.0)
            mean = widened(means[i] + channel, known, 0.0)
            overlap = tl.sum(signal * (z - mean[None, :]), axis=0)
            total += tl.where(slot[None, :] == i + 1, overlap[:, None], 0.0)
    row = tl.program_id(0) * CHANNELS + channel
    used = known[:, None] & (slot[None, :] <= len(raws))
    tl.store(sums + row[:, None] * (len(raws) + 1) + slot[None, :], total, mask=used)


@triton.jit
def join_gradient_kernel(
    joined,
    sums,
    to_raws,
    to_scales,
    to_shifts,
    raws,
    means,
    variances,
    scales,
    eps,
    places,
    TRAINING: tl.constexpr,
    CHANNELS: tl.constexpr,
    INNER: tl.constexpr,
    BLOCK_P: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """Compute the gradient of one tile of every z_i, and those of scales and shifts."""
    channel, known, at, inside = own_tile(places, CHANNELS, INNER, BLOCK_P, BLOCK_C)
    received = widened(joined + at, inside, 0.0)
    row = sums + channel * (len(raws) + 1)
    sum_received = tl.load(row, mask=known, other=0.0)
    average = sum_received / places
    first = known & (tl.program_id(0) == 0)
    for i in tl.static_range(len(raws)):
        variance = widened(variances[i] + channel, known, 1.0)
        scale = widened(scales[i] + channel, known, 0.0)
        inverse = 1.0 / tl.sqrt(variance + eps)
        overlap = tl.load(row + i + 1, mask=known, other=0.0)
        signal = received
        if TRAINING:
            z = widened(raws[i] + at, inside, 0.0)
            mean = widened(means[i] + channel, known, 0.0)
            slope = overlap * inverse * inverse / places
            signal = received - average[None, :] - (z - mean[None, :]) * slope[None, :]
        signal = signal * (scale * inverse)[None, :]
        tl.store(to_raws[i] + at, signal.to(to_raws[i].dtype.element_ty), mask=inside)
        gradient = (overlap * inverse).to(to_scales[i].dtype.element_ty)
        tl.store(to_scales[i] + channel, gradient, mask=first)
        gradient = sum_received.to(to_shifts[i].dtype.element_ty)
        tl.store(to_shifts[i] + channel, gradient, mask=first)


def backward(
    received: Tensor | None, received_active: Tensor | None, node: Tensor, raws: list[Tensor],
    means: list[Tensor], variances: list[Tensor], scales: list[Tensor], eps: float,
    training: bool,
) -> list[Tensor]:  # fmt: skip
    """See :func:`evonas.rules.kernels.node.join_backward_op`."""
    tiles = tiling(node)
    across, along = tiles.programs
    programs, per_program = share_tiles(across, max_programs=MAX_PROGRAMS)
    parts = node.new_empty(programs, tiles.channels, len(raws) + 1, dtype=torch.float32)
    in_format = to_layout_of(raws, node)
    # for a missing gradient, pass a placeholder that the kernel does not read
    first = to_layout_of([node if received is None else received], node)[0]
    second = first if received_active is None else to_layout_of([received_active], node)[0]
    joined = first if received_active is None else torch.empty_like(node)
    launch(
        join_reduce_kernel, (programs, along), joined, parts, first, second, node, in_format,
        tuple(means), tiles.places, HAS_RECEIVED=received is not None,
        HAS_ACTIVE=received_active is not None, TILES=per_program,
        SLOTS=power_of_two(len(raws) + 1), num_warps=4, **tiles.constants,
    )  # fmt: skip
    to_raws = [empty_in_layout_of(z, node) for z in raws]
    to_scales = [torch.empty_like(scale) for scale in scales]
    to_shifts = [torch.empty_like(scale) for scale in scales]
    if raws:
        launch(
            join_gradient_kernel, (across, along), joined, parts.sum(0), tuple(to_raws),
            tuple(to_scales), tuple(to_shifts), in_format, tuple(means), tuple(variances),
            tuple(scales), eps, tiles.places, TRAINING=training, num_warps=4, **tiles.constants,
        )  # fmt: skip
    found = [*to_raws, *to_scales, *to_shifts]
    return found if received_active is None else [*found, joined]
