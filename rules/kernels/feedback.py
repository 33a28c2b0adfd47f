"""Feedback weights of all layers, also of several candidates, computed in one launch from a table.

The equations are those of the rules (`usf`, `frsf`, `brsf`, `fa`, `kp`, `bp`), and the random
numbers are bit-identical to :mod:`evonas.rules.philox`. The table holds the rule of each layer, so
one captured graph serves any assignment of rules.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.registry import look_up
from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.layout import widened
from evonas.rules.kernels.segments import cut_into_blocks
from evonas.rules.kernels.transforms import refuse_vmap
from evonas.rules.philox import uniform

SEED_MASK = 2**64 - 1


@dataclass(frozen=True)
class FeedbackSegment:
    """The feedback of one layer.

    Attributes:
        begin: index of its first weight, and of its first feedback weight, in the flat tensors.
        count: number of its weights.
        rule: a key of ``CODES``.
        scale: sigma, see :func:`evonas.rules.scale.sigma`; not used by `bp` and `kp`.
        layer: number of the layer, part of the counter of its random numbers.
        candidate: index of its candidate in seeds, steps and decays.
        kept_begin: index of the first element of W_0 - B_0 in ``kept``; only for `kp`.
        row: number of weights per output if they are in channels-last format, else 1.
        taps: number of taps of the kernel if the weights are in channels-last format, else 1.
    """

    begin: int
    count: int
    rule: str
    scale: float = 1.0
    layer: int = 0
    candidate: int = 0
    kept_begin: int = 0
    row: int = 1
    taps: int = 1


@dataclass(frozen=True)
class FeedbackTable:
    """The segments as the kernel reads them.

    Attributes:
        segments: (n, 8) int64: begin, count, code, layer, candidate, kept_begin, row, taps.
        scales: (n,) float32, the sigmas; may be rewritten between launches if they depend on the
            weights.
        blocks: (programs, 2) int32, see :func:`evonas.rules.kernels.segments.cut_into_blocks`.
    """

    segments: Tensor
    scales: Tensor
    blocks: Tensor


def feedback_table(
    segments: Sequence[FeedbackSegment], *, device: torch.device | str = "cpu"
) -> FeedbackTable:
    """Build the table of the segments on the device.

    Raises:
        UnknownNameError: no kernel computes the feedback of one of the rules.
    """
    rows = [
        (s.begin, s.count, look_up(CODES, s.rule, kind="rule"), s.layer, s.candidate,
         s.kept_begin, s.row, s.taps)
        for s in segments
    ]  # fmt: skip
    return FeedbackTable(
        segments=torch.tensor(rows, dtype=torch.int64).reshape(-1, 8).to(device),
        scales=torch.tensor([s.scale for s in segments], dtype=torch.float32).to(device),
        blocks=cut_into_blocks([s.count for s in segments], device=device),
    )


def seed_tensor(seeds: Sequence[int], *, device: torch.device | str = "cpu") -> Tensor:
    """Seeds in [0, 2**64) as an int64 tensor with the same bits: (candidates,)."""
    signed = [seed - 2**64 if seed >= 2**63 else seed for seed in seeds]
    return torch.tensor(signed, dtype=torch.int64).to(device)


def refresh_feedback(
    feedback: Tensor,
    weights: Tensor,
    table: FeedbackTable,
    *,
    seeds: Tensor,
    steps: Tensor,
    decays: Tensor,
    kept: Tensor | None = None,
) -> None:
    """Write the feedback of every segment, in one launch on a GPU.

    Args:
        feedback: (total,) of any floating type; elements outside the segments are unchanged.
        weights: (total,).
        table: table of the segments.
        seeds: (candidates,) int64, see :func:`seed_tensor`.
        steps: (candidates,) int64, the optimiser steps so far; read on the device.
        decays: (candidates,) of any floating type, the a_t of Kolen-Pollack; read on the device.
        kept: (weights under `kp`,), W_0 - B_0 of the `kp` layers, each in the index order of its
            weight, whatever its memory format; None without such a layer.

    Raises:
        RuleError: the tensors are not flat, or differ in size.
    """
    if feedback.dim() != 1 or feedback.shape != weights.shape:
        raise RuleError(
            "refresh_feedback: expected flat weights and feedback of one size, got "
            f"{tuple(weights.shape)} and {tuple(feedback.shape)}"
        )
    flat = weights.detach()
    refresh_op(
        feedback, flat, flat if kept is None else kept, table.segments, table.scales,
        table.blocks, seeds, steps, decays,
    )  # fmt: skip


@torch.library.custom_op(
    "evonas::refresh_feedback", mutates_args=("feedback",), device_types="cuda"
)
def refresh_op(
    feedback: Tensor, weights: Tensor, kept: Tensor, segments: Tensor, scales: Tensor,
    blocks: Tensor, seeds: Tensor, steps: Tensor, decays: Tensor,
) -> None:  # fmt: skip
    """:func:`refresh_feedback` on a GPU."""
    from evonas.rules.kernels.device.feedback import refresh

    exact = weights.dtype == torch.float64  # the kernel computes in float32
    run = reference if exact else refresh
    run(feedback, weights, kept, segments, scales, blocks, seeds, steps, decays)


@refresh_op.register_kernel("cpu")
def reference(
    feedback: Tensor, weights: Tensor, kept: Tensor, segments: Tensor, scales: Tensor,
    blocks: Tensor, seeds: Tensor, steps: Tensor, decays: Tensor,
) -> None:  # fmt: skip
    """:func:`refresh_feedback` in ATen, one segment after the other."""
    del blocks  # only divide a GPU launch
    numbers = zip(segments.tolist(), scales.tolist(), strict=True)
    names = {code: name for name, code in CODES.items()}
    for (begin, count, code, layer, candidate, kept_begin, row, taps), scale in numbers:
        seed, step = int(seeds[candidate]), int(steps[candidate])
        channels = row // taps
        # in the index order of the weight: out, in, taps
        weight = weights[begin : begin + count].view(-1, taps, channels).mT.flatten()
        rule = names[code]
        if rule == "bp":
            made = weight
        elif rule == "kp":
            offset = kept[kept_begin : kept_begin + count]
            made = weight - decays[candidate].to(weight.dtype) * offset
        elif rule == "usf":
            made = weight.sign() * scale
        else:
            at = step if rule == "brsf" else 0
            noise = uniform(count, seed=seed & SEED_MASK, layer=layer, steps=range(at, at + 1))[0]
            noise = noise.to(widened(weight)).mul_(math.sqrt(3.0)).to(weight.dtype)
            made = (noise if rule == "fa" else weight.sign() * noise.abs()) * scale
        feedback[begin : begin + count] = made.view(-1, channels, taps).mT.flatten()


@refresh_op.register_fake
def _(*_tensors: Tensor) -> None:
    """Does nothing: the operator writes into an argument and returns nothing."""


refuse_vmap("evonas::refresh_feedback")
