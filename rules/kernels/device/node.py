"""Normalise and sum the terms of a node; each is read once, and the node is written once."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch
from evonas.rules.kernels.device.places import own_tile, tiling, widened
from evonas.rules.kernels.layout import empty_node, to_layout_of


@triton.jit
def join_kernel(
    node,
    active,
    raws,
    means,
    variances,
    scales,
    shifts,
    plains,
    eps,
    places,
    WITH_ACTIVE: tl.constexpr,
    CHANNELS: tl.constexpr,
    INNER: tl.constexpr,
    BLOCK_P: tl.constexpr,
    BLOCK_C: tl.constexpr,
):
    """Compute one tile of the node; the reference is in ``evonas.rules.kernels.node``."""
    channel, known, at, inside = own_tile(places, CHANNELS, INNER, BLOCK_P, BLOCK_C)
    total = tl.zeros((BLOCK_P, BLOCK_C), tl.float32)
    for i in tl.static_range(len(raws)):
        z = widened(raws[i] + at, inside, 0.0)
        mean = widened(means[i] + channel, known, 0.0)
        variance = widened(variances[i] + channel, known, 1.0)
        scale = widened(scales[i] + channel, known, 0.0)
        shift = widened(shifts[i] + channel, known, 0.0)
        rate = scale / tl.sqrt(variance + eps)
        total += (z - mean[None, :]) * rate[None, :] + shift[None, :]
    for i in tl.static_range(len(plains)):
        total += widened(plains[i] + at, inside, 0.0)
    tl.store(node + at, total.to(node.dtype.element_ty), mask=inside)
    if WITH_ACTIVE:
        positive = tl.where(total < 0.0, 0.0, total)  # keeps NaN
        tl.store(active + at, positive.to(active.dtype.element_ty), mask=inside)


def forward(
    raws: list[Tensor], means: list[Tensor], variances: list[Tensor], scales: list[Tensor],
    shifts: list[Tensor], plains: list[Tensor], eps: float, with_active: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The node and relu(node); see :func:`evonas.rules.kernels.join`."""
    node = empty_node(raws, plains)
    active = torch.empty_like(node) if with_active else node.new_empty(0)
    tiles = tiling(node)
    launch(
        join_kernel, tiles.programs, node, active, to_layout_of(raws, node), tuple(means),
        tuple(variances), tuple(scales), tuple(shifts), to_layout_of(plains, node), eps,
        tiles.places, WITH_ACTIVE=with_active, num_warps=4, **tiles.constants,
    )  # fmt: skip
    return node, active
