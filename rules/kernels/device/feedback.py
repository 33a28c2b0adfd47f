"""Compute the feedback weights of all layers in one launch; random numbers are never stored."""

import math

import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.device.launch import launch
from evonas.rules.kernels.device.segments import own_block
from evonas.rules.kernels.segments import BLOCK

FA = tl.constexpr(CODES["fa"])
USF = tl.constexpr(CODES["usf"])
FRSF = tl.constexpr(CODES["frsf"])
BRSF = tl.constexpr(CODES["brsf"])
KP = tl.constexpr(CODES["kp"])
ROOT_3 = tl.constexpr(math.sqrt(3.0))
GRID_OF_UNIFORM = tl.constexpr(2.0**-23)


@triton.jit
def uniform_block(first, layer, step, seed, BLOCK: tl.constexpr):
    """Elements ``first`` to ``first + BLOCK`` of ``evonas.rules.philox.uniform``."""
    quad = (first // 4 + tl.arange(0, BLOCK // 4)).to(tl.uint32)
    zero = quad * 0
    a, b, c, d = tl.philox_impl(
        quad,
        zero + layer.to(tl.uint32),
        zero + step.to(tl.uint32),
        zero,
        (seed & 0xFFFFFFFF).to(tl.uint32),
        ((seed >> 32) & 0xFFFFFFFF).to(tl.uint32),
    )
    words = tl.interleave(tl.interleave(a, c), tl.interleave(b, d))  # a0 b0 c0 d0 a1 ...
    return (words >> 8).to(tl.float32) * GRID_OF_UNIFORM - 1.0


@triton.jit
def refresh_kernel(
    feedback, weights, kept, segments, scales, blocks, seeds, steps, decays, BLOCK: tl.constexpr
):
    """Compute one block of one segment; the reference is ``evonas.rules.kernels.feedback``."""
    segment, first = own_block(blocks)
    begin = tl.load(segments + 8 * segment)
    count = tl.load(segments + 8 * segment + 1)
    code = tl.load(segments + 8 * segment + 2)
    layer = tl.load(segments + 8 * segment + 3)
    candidate = tl.load(segments + 8 * segment + 4)
    kept_begin = tl.load(segments + 8 * segment + 5)
    row = tl.load(segments + 8 * segment + 6).to(tl.int32)
    taps = tl.load(segments + 8 * segment + 7).to(tl.int32)
    scale = tl.load(scales + segment).to(tl.float32)

    element = first + tl.arange(0, BLOCK)
    inside = element < count
    # random numbers follow the index order; channels-last format permutes each row
    within = element % row
    place = begin + (element - within) + (within % taps) * (row // taps) + within // taps
    weight = tl.load(weights + place, mask=inside, other=0.0).to(tl.float32)
    sign = (weight > 0.0).to(tl.float32) - (weight < 0.0).to(tl.float32)
    made = weight
    if code == USF:
        made = sign * scale
    if code == KP:
        offset = tl.load(kept + kept_begin + element, mask=inside, other=0.0).to(tl.float32)
        made = weight - tl.load(decays + candidate).to(tl.float32) * offset
    if (code == FA) | (code == FRSF) | (code == BRSF):
        seed = tl.load(seeds + candidate)
        step = tl.load(steps + candidate)
        step = tl.where(code == BRSF, step, 0)
        unit = uniform_block(first, layer, step, seed, BLOCK)
        noise = unit * ROOT_3
        made = tl.where(code == FA, noise, sign * tl.abs(noise)) * scale
    tl.store(feedback + place, made.to(feedback.dtype.element_ty), mask=inside)


def refresh(
    feedback: Tensor, weights: Tensor, kept: Tensor, segments: Tensor, scales: Tensor,
    blocks: Tensor, seeds: Tensor, steps: Tensor, decays: Tensor,
) -> None:  # fmt: skip
    """Write the feedback of every segment; see :func:`evonas.rules.kernels.refresh_feedback`."""
    # no fused multiply-add, so that W - a D_0 is rounded as in the reference
    launch(
        refresh_kernel, (blocks.shape[0],), feedback, weights, kept, segments, scales, blocks,
        seeds, steps, decays, BLOCK=BLOCK, num_warps=4, enable_fp_fusion=False,
    )  # fmt: skip
