"""SGD on one flat tensor of all parameters, also of several candidates, in one launch.

The step is that of ``torch.optim.SGD`` without dampening: momentum, optionally Nesterov's, and
coupled weight decay. The learning rate is read on the device, so that a schedule needs no new
graph. Every segment has its own settings, like a parameter group.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels.segments import cut_into_blocks
from evonas.rules.kernels.transforms import refuse_vmap


@dataclass(frozen=True)
class ParameterSegment:
    """Contiguous parameters that learn with the same settings.

    Attributes:
        begin: index of the first parameter in the flat tensors.
        count: number of parameters.
        rate_ratio: their learning rate as a multiple of the candidate's learning rate.
        momentum: momentum of SGD.
        weight_decay: weight decay, coupled to the gradient.
        candidate: index of the candidate's learning rate.
    """

    begin: int
    count: int
    rate_ratio: float = 1.0
    momentum: float = 0.0
    weight_decay: float = 0.0
    candidate: int = 0


@dataclass(frozen=True)
class ParameterTable:
    """The segments as the kernel reads them.

    Attributes:
        segments: (n, 3) int64: begin, count, candidate.
        settings: (n, 3) float32: rate ratio, momentum, weight decay.
        blocks: (programs, 2) int32, see :func:`evonas.rules.kernels.segments.cut_into_blocks`.
    """

    segments: Tensor
    settings: Tensor
    blocks: Tensor


def parameter_table(
    segments: Sequence[ParameterSegment], *, device: torch.device | str = "cpu"
) -> ParameterTable:
    """Build the table of the segments on the device; segments must not overlap."""
    places = [(s.begin, s.count, s.candidate) for s in segments]
    settings = [(s.rate_ratio, s.momentum, s.weight_decay) for s in segments]
    return ParameterTable(
        segments=torch.tensor(places, dtype=torch.int64).reshape(-1, 3).to(device),
        settings=torch.tensor(settings, dtype=torch.float32).reshape(-1, 3).to(device),
        blocks=cut_into_blocks([s.count for s in segments], device=device),
    )


def sgd_step(
    parameters: Tensor,
    velocities: Tensor,
    gradients: Tensor,
    table: ParameterTable,
    *,
    rates: Tensor,
    nesterov: bool,
) -> None:
    """One step, in place; parameters outside the segments are unchanged.

    Args:
        parameters: (total,).
        velocities: (total,), zero before the first step.
        gradients: (total,) of any floating type.
        table: table of the segments.
        rates: (candidates,), the learning rates.
        nesterov: whether momentum is Nesterov's, in all segments.

    Raises:
        RuleError: the tensors are not flat, or differ in size.
    """
    shapes = [tuple(tensor.shape) for tensor in (parameters, velocities, gradients)]
    if len(set(shapes)) > 1 or parameters.dim() != 1:
        raise RuleError(
            "sgd_step: expected flat parameters, velocities and gradients of one size, got "
            f"{', '.join(map(str, shapes))}"
        )
    sgd_op(
        parameters.detach(), velocities, gradients, table.segments, table.settings, table.blocks,
        rates, nesterov,
    )  # fmt: skip


@torch.library.custom_op(
    "evonas::sgd_step", mutates_args=("parameters", "velocities"), device_types="cuda"
)
def sgd_op(
    parameters: Tensor, velocities: Tensor, gradients: Tensor, segments: Tensor,
    settings: Tensor, blocks: Tensor, rates: Tensor, nesterov: bool,
) -> None:  # fmt: skip
    """:func:`sgd_step` on a GPU."""
    from evonas.rules.kernels.device.flat_sgd import step

    exact = parameters.dtype == torch.float64  # the kernel computes in float32
    run = reference if exact else step
    run(parameters, velocities, gradients, segments, settings, blocks, rates, nesterov)


@sgd_op.register_kernel("cpu")
def reference(
    parameters: Tensor, velocities: Tensor, gradients: Tensor, segments: Tensor,
    settings: Tensor, blocks: Tensor, rates: Tensor, nesterov: bool,
) -> None:  # fmt: skip
    """:func:`sgd_step` in ATen, one segment after the other."""
    del blocks  # only divide a GPU launch
    for (begin, count, candidate), values in zip(segments.tolist(), settings, strict=True):
        ratio, momentum, decay = values.to(parameters.dtype)
        place = slice(begin, begin + count)
        parameter, velocity = parameters[place], velocities[place]
        gradient = gradients[place].to(parameters.dtype) + decay * parameter
        velocity.mul_(momentum).add_(gradient)
        change = gradient + momentum * velocity if nesterov else velocity
        parameter.sub_(rates[candidate] * ratio * change)


@sgd_op.register_fake
def _(*_arguments: Tensor | bool) -> None:
    """Does nothing: the operator writes into its arguments and returns nothing."""


refuse_vmap("evonas::sgd_step")
