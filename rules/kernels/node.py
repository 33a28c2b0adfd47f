"""Compute a node of a cell in one pass: normalise the outputs of its convolutions and sum them.

node = sum_i [scale_i (z_i - mean_i) / sqrt(var_i + eps) + shift_i] + sum_j plain_j, and on request
relu(node), which all convolutions that read the node share. The backward pass sums the gradients
of both, reduces once, and computes the gradient of every z_i through batch normalisation (Ioffe
and Szegedy 2015) in a second pass.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels.layout import empty_in_layout_of, empty_node, suits_kernels, widened
from evonas.rules.kernels.transforms import refuse_vmap


def join(
    raws: Sequence[Tensor],
    *,
    means: Sequence[Tensor],
    variances: Sequence[Tensor],
    scales: Sequence[Tensor],
    shifts: Sequence[Tensor],
    plains: Sequence[Tensor] = (),
    eps: float = 1e-5,
    training: bool = True,
    with_active: bool = False,
) -> tuple[Tensor, Tensor]:
    """The node and relu(node), both (batch, channels, height, width).

    Differentiable in ``raws``, ``scales``, ``shifts`` and ``plains``. In training, means and
    variances must be the statistics of ``raws``: their gradient is included in that of ``raws``,
    and they get no separate gradient.

    Args:
        raws: z_i before normalisation, (batch, channels, height, width) each, in one memory
            format.
        means: mean of each z_i over batch and pixels, (channels,).
        variances: biased variance of each z_i over batch and pixels, (channels,).
        scales: gamma of each normalisation, (channels,).
        shifts: beta of each normalisation, (channels,).
        plains: terms added without normalisation, of the same shape.
        eps: constant added to the variances.
        training: whether the statistics depend on ``raws``; False if they are constants.
        with_active: whether to compute relu(node); otherwise the second tensor is empty.

    Raises:
        RuleError: there are no terms, or shapes or list lengths differ.
    """
    terms = [*raws, *plains]
    if not terms or terms[0].dim() != 4 or len({term.shape for term in terms}) > 1:
        raise RuleError(
            "join: expected tensors of one shape (batch, channels, height, width), got "
            f"{[tuple(term.shape) for term in terms]}"
        )
    lengths = [len(entries) for entries in (raws, means, variances, scales, shifts)]
    if len(set(lengths)) > 1:
        raise RuleError(
            "join: expected a mean, a variance, a scale and a shift for each raw, got "
            f"{lengths[1:]} for {lengths[0]}"
        )
    node, active = join_op(
        list(raws), list(means), list(variances), list(scales), list(shifts), list(plains), eps,
        training, with_active,
    )  # fmt: skip
    return node, active


@torch.library.custom_op("evonas::join", mutates_args=(), device_types="cuda")
def join_op(
    raws: list[Tensor], means: list[Tensor], variances: list[Tensor], scales: list[Tensor],
    shifts: list[Tensor], plains: list[Tensor], eps: float, training: bool, with_active: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """:func:`join` on a GPU."""
    from evonas.rules.kernels.device.node import forward

    options = (raws, means, variances, scales, shifts, plains, eps)
    if suits_kernels((raws + plains)[0]):
        return forward(*options, with_active)
    node, active = reference(*options, training, with_active)
    return node, active


@join_op.register_kernel("cpu")
def reference(
    raws: list[Tensor], means: list[Tensor], variances: list[Tensor], scales: list[Tensor],
    shifts: list[Tensor], plains: list[Tensor], eps: float, training: bool, with_active: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """:func:`join` in ATen, term by term; sums in float32 or higher precision."""
    del training
    node = empty_node(raws, plains)
    total = torch.zeros_like(node, dtype=widened(node))
    for z, mean, variance, scale, shift in zip(
        raws, means, variances, scales, shifts, strict=True
    ):
        rate = scale * (variance + eps).rsqrt()
        total += (z.to(total.dtype) - _channels(mean)) * _channels(rate) + _channels(shift)
    for plain in plains:
        total += plain
    node.copy_(total)
    return node, node.relu() if with_active else node.new_empty(0)


@join_op.register_fake
def _(
    raws: list[Tensor], means: list[Tensor], variances: list[Tensor], scales: list[Tensor],
    shifts: list[Tensor], plains: list[Tensor], eps: float, training: bool, with_active: bool,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    del means, variances, scales, shifts, eps, training
    node = empty_node(raws, plains)
    return node, torch.empty_like(node) if with_active else node.new_empty(0)


@torch.library.custom_op("evonas::join_backward", mutates_args=(), device_types="cuda")
def join_backward_op(
    received: Tensor | None, received_active: Tensor | None, node: Tensor, raws: list[Tensor],
    means: list[Tensor], variances: list[Tensor], scales: list[Tensor], eps: float,
    training: bool,
) -> list[Tensor]:  # fmt: skip
    """Backward pass of :func:`join` on a GPU.

    Returns the gradients of all raws, then of all scales, then of all shifts. The last entry is
    the gradient shared by all plains, unless it is ``received`` itself. The gradients of the
    shifts are equal but separate tensors, because autograd would copy a shared one.

    Args:
        received: the gradient of the node, or None.
        received_active: the gradient of relu(node), or None.
        node: the output of :func:`join`.
        raws: see :func:`join`.
        means: see :func:`join`.
        variances: see :func:`join`.
        scales: see :func:`join`.
        eps: see :func:`join`.
        training: see :func:`join`.
    """
    from evonas.rules.kernels.device.node_backward import backward

    inputs = (received, received_active, node, raws, means, variances, scales, eps, training)
    return backward(*inputs) if suits_kernels(node) else reference_backward(*inputs)


@join_backward_op.register_kernel("cpu")
def reference_backward(
    received: Tensor | None, received_active: Tensor | None, node: Tensor, raws: list[Tensor],
    means: list[Tensor], variances: list[Tensor], scales: list[Tensor], eps: float,
    training: bool,
) -> list[Tensor]:  # fmt: skip
    """:func:`join_backward_op` in ATen."""
    joined = torch.zeros_like(node, dtype=widened(node))
    if received is not None:
        joined += received
    if received_active is not None:
        joined += received_active * (node > 0)
    total = joined.sum((0, 2, 3))
    count = joined.numel() / joined.shape[1]
    to_raws, to_scales = [], []
    for z, mean, variance, scale in zip(raws, means, variances, scales, strict=True):
        inverse = (variance + eps).rsqrt()
        normal = (z.to(joined.dtype) - _channels(mean)) * _channels(inverse)
        overlap = (joined * normal).sum((0, 2, 3))
        signal = joined
        if training:
            signal = joined - _channels(total / count) - normal * _channels(overlap / count)
        to_raws.append(empty_in_layout_of(z, node).copy_(signal * _channels(scale * inverse)))
        to_scales.append(overlap.to(scale.dtype))
    to_shifts = [total.to(scale.dtype, copy=True) for scale in scales]
    found = [*to_raws, *to_scales, *to_shifts]
    return found if received_active is None else [*found, torch.empty_like(node).copy_(joined)]


@join_backward_op.register_fake
def _(
    received: Tensor | None, received_active: Tensor | None, node: Tensor, raws: list[Tensor],
    means: list[Tensor], variances: list[Tensor], scales: list[Tensor], eps: float,
    training: bool,
) -> list[Tensor]:  # fmt: skip
    del received, means, variances, eps, training
    to_raws = [empty_in_layout_of(z, node) for z in raws]
    found = [*to_raws, *map(torch.empty_like, scales), *map(torch.empty_like, scales)]
    return found if received_active is None else [*found, torch.empty_like(node)]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    raws, means, variances, scales, _, plains, eps, training, with_active = inputs
    ctx.save_for_backward(output[0], *raws, *means, *variances, *scales)
    ctx.lengths = len(raws), len(plains)
    ctx.options = eps, training
    ctx.with_active = with_active
    ctx.set_materialize_grads(False)


def _backward(ctx: Any, received: Tensor | None, received_active: Tensor | None) -> Any:
    node, *saved = ctx.saved_tensors
    n, num_plains = ctx.lengths
    if not ctx.with_active:
        received_active = None
    if received is None and received_active is None:
        return (None,) * 9
    raws, means, variances, scales = (saved[i * n : (i + 1) * n] for i in range(4))
    found = join_backward_op(
        received, received_active, node, raws, means, variances, scales, *ctx.options
    )
    none = [None] * n
    to_plains = received if received_active is None else found[-1]
    return (
        found[:n], none, none, found[n : 2 * n], found[2 * n : 3 * n], [to_plains] * num_plains,
        None, None, None,
    )  # fmt: skip


join_op.register_autograd(_backward, setup_context=_keep)
refuse_vmap("evonas::join", "evonas::join_backward")


def _channels(values: Tensor) -> Tensor:
    return values[:, None, None]
