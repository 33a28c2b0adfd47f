"""Launches of every kernel at the sizes of a training step, on tensors without data."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import torch
from torch import Tensor

from evonas.rules.kernels.device.feedback import refresh
from evonas.rules.kernels.device.flat_sgd import step
from evonas.rules.kernels.device.node import forward as node_forward
from evonas.rules.kernels.device.node_backward import backward as node_backward
from evonas.rules.kernels.device.projection import spread
from evonas.rules.kernels.device.separable import forward
from evonas.rules.kernels.device.separable_backward import backward


def empty(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """A tensor of the meta device, which has only a shape and a type."""
    return torch.empty(shape, dtype=dtype, device="meta")


def integers(*shape: int, dtype: torch.dtype = torch.int64) -> Tensor:
    """An integer tensor of the meta device."""
    return empty(*shape, dtype=dtype)


def feedback() -> None:
    """Launch the feedback kernel for the largest cell of NAS-Bench-201, in bfloat16."""
    weights = empty(1_066_672)
    refresh(
        empty(1_066_672, dtype=torch.bfloat16), weights, weights, integers(82, 8), empty(82),
        integers(1100, 2, dtype=torch.int32), integers(4), integers(4), empty(4),
    )  # fmt: skip


def sgd() -> None:
    """Launch the optimiser kernel for the parameters of this cell, one segment per tensor."""
    flat = empty(1_073_466)
    step(
        flat, flat, flat, integers(246, 3), empty(246, 3),
        integers(1300, 2, dtype=torch.int32), empty(4), nesterov=True,
    )  # fmt: skip


def direct(*, channels_last: bool) -> None:
    """Launch direct feedback to ten layers."""
    spread(
        empty(256, 1440), integers(10, 9), integers(640, dtype=torch.int32),
        integers(40_960, 2, dtype=torch.int32), 41_943_040, channels_last, torch.bfloat16,
    )  # fmt: skip


def image(
    channels: int, size: int, *, channels_last: bool = True, dtype: torch.dtype = torch.bfloat16
) -> Tensor:
    """A batch of 256 feature maps."""
    last = torch.channels_last if channels_last else torch.contiguous_format
    return empty(256, channels, size, size, dtype=dtype).to(memory_format=last)


def node(
    *, channels_last: bool, raws: int = 3, plains: int = 1, channels: int = 16,
    dtype: torch.dtype = torch.bfloat16,
) -> None:  # fmt: skip
    """Launch a node of NAS-Bench-201 with three incoming edges, forward and backward."""
    z = image(channels, 32, channels_last=channels_last, dtype=dtype)
    zs, of_each = [z] * raws, [empty(channels)] * raws
    node_forward(zs, of_each, of_each, of_each, of_each, [z] * plains, 1e-5, True)
    node_backward(z, z, z, zs, of_each, of_each, of_each, 1e-5, True)


def half(
    channels: int, size: int, *, kernel: int, stride: int = 1, dilation: int = 1,
    dtype: torch.dtype = torch.bfloat16,
) -> None:  # fmt: skip
    """Launch half of a separable or dilated DARTS convolution, forward and backward."""
    x, padding = image(channels, size, dtype=dtype), dilation * (kernel - 1) // 2
    depthwise, pointwise = empty(channels, 1, kernel, kernel), empty(channels, channels, 1, 1)
    z, _, _ = forward(x, depthwise, pointwise, stride, padding, dilation)
    backward(z, x, depthwise, depthwise, pointwise, stride, padding, dilation, True)


def sweep() -> Iterator[tuple[str, Callable[[], None]]]:
    """Every row of the table of blocks, with every operation of DARTS; nodes of every size."""
    operations = {"3x3": (3, 1, 1), "5x5, stride 2": (5, 2, 1), "5x5 dilated": (5, 1, 2)}
    for channels, (name, geometry), (kind, dtype) in product(
        (16, 32, 36, 64, 72, 128, 144, 256), operations.items(), KINDS.items()
    ):
        yield (
            f"{channels} channels, {name}, {kind}",
            partial(_half_in, kind, channels, geometry, dtype),
        )
    for raws, plains, last, (kind, dtype) in product(
        range(7), (0, 2), (True, False), KINDS.items()
    ):
        if raws + plains and kind != "tf32":
            yield (
                f"node of {raws} and {plains}, {'last' if last else 'rows'}, {kind}",
                partial(node, channels_last=last, raws=raws, plains=plains, dtype=dtype),
            )


KINDS = {"bf16": torch.bfloat16, "fp32": torch.float32, "tf32": torch.float32}


def _half_in(kind: str, channels: int, geometry: tuple[int, int, int], dtype: torch.dtype) -> None:
    kernel, stride, dilation = geometry
    switch = torch.backends.cuda.matmul
    before = switch.fp32_precision
    try:
        switch.fp32_precision = "tf32" if kind == "tf32" else "ieee"
        half(channels, 8, kernel=kernel, stride=stride, dilation=dilation, dtype=dtype)
    finally:
        switch.fp32_precision = before


LAUNCHES: dict[str, Callable[[], None]] = {
    "feedback": feedback,
    "sgd": sgd,
    "node, channels last": partial(node, channels_last=True),
    "node, row by row": partial(node, channels_last=False),
    "projection, channels last": partial(direct, channels_last=True),
    "projection, row by row": partial(direct, channels_last=False),
    "16 channels, 3x3": partial(half, 16, 32, kernel=3),
    "36 channels, 5x5 dilated": partial(half, 36, 32, kernel=5, dilation=2),
    "144 channels, 5x5, stride 2": partial(half, 144, 8, kernel=5, stride=2),
    "64 channels, float32": partial(half, 64, 8, kernel=3, dtype=torch.float32),
    "256 channels, float32": partial(half, 256, 8, kernel=5, dtype=torch.float32),
}
