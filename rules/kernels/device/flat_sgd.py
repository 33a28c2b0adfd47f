"""SGD step for all parameters in one launch."""

import triton
import triton.language as tl
from torch import Tensor

from evonas.rules.kernels.device.launch import launch
from evonas.rules.kernels.device.segments import own_block
from evonas.rules.kernels.segments import BLOCK


@triton.jit
def sgd_kernel(
    parameters,
    velocities,
    gradients,
    segments,
    settings,
    blocks,
    rates,
    NESTEROV: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Update one block of one segment; the reference is ``evonas.rules.kernels.flat_sgd``."""
    segment, first = own_block(blocks)
    begin = tl.load(segments + 3 * segment)
    count = tl.load(segments + 3 * segment + 1)
    candidate = tl.load(segments + 3 * segment + 2)
    ratio = tl.load(settings + 3 * segment)
    momentum = tl.load(settings + 3 * segment + 1)
    decay = tl.load(settings + 3 * segment + 2)
    rate = tl.load(rates + candidate).to(tl.float32) * ratio

    element = first + tl.arange(0, BLOCK)
    inside = element < count
    place = begin + element
    parameter = tl.load(parameters + place, mask=inside, other=0.0).to(tl.float32)
    velocity = tl.load(velocities + place, mask=inside, other=0.0).to(tl.float32)
    gradient = tl.load(gradients + place, mask=inside, other=0.0).to(tl.float32)
    gradient += decay * parameter
    velocity = momentum * velocity + gradient
    change = velocity
    if NESTEROV:
        change = gradient + momentum * velocity
    tl.store(velocities + place, velocity, mask=inside)
    tl.store(parameters + place, parameter - rate * change, mask=inside)


def step(
    parameters: Tensor, velocities: Tensor, gradients: Tensor, segments: Tensor,
    settings: Tensor, blocks: Tensor, rates: Tensor, nesterov: bool,
) -> None:  # fmt: skip
    """One step, in place; see :func:`evonas.rules.kernels.sgd_step`."""
    launch(
        sgd_kernel, (blocks.shape[0],), parameters, velocities, gradients, segments, settings,
        blocks, rates, NESTEROV=nesterov, BLOCK=BLOCK, num_warps=4,
    )  # fmt: skip
