"""Compute nodes of a cell by kernels, which normalise and sum their terms in one pass.

A convolution returns its outputs unnormalised, with their batch statistics. The node normalises
and sums them, and applies the ReLU once for all convolutions that read it. Up to rounding, the
results equal those of running the modules one after another. The running statistics are updated
at the end of the forward pass, by
:func:`evonas.networks.normalisation.update_running_statistics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks.normalisation import BatchNorm, statistics
from evonas.rules import AbstractFeedbackRule, Backprop, RuleConv2d, Segment
from evonas.rules.autocast import autocast_dtype
from evonas.rules.kernels import MAX_CHANNELS, convolve_separably, join


@final
class NodeOutput:
    """The value of a node and its ReLU, which is computed at most once.

    Args:
        plain: value of the node, (N, C, H, W).
        active: ReLU of the value, if it is already known.
    """

    def __init__(self, plain: Tensor, active: Tensor | None = None) -> None:
        self.plain = plain
        self._active = active

    @cached_property
    def active(self) -> Tensor:
        """ReLU of the value, (N, C, H, W)."""
        return F.relu(self.plain) if self._active is None else self._active


@dataclass(frozen=True)
class _Unnormalised:
    """Outputs z (N, C, H, W) before their batch normalisation, with mean and variance (C,)."""

    z: Tensor
    mean: Tensor
    variance: Tensor
    norm: BatchNorm


@dataclass(frozen=True)
class _SeparableHalf:
    """ReLU, depthwise and pointwise convolution, batch normalisation, run as a fused kernel."""

    depthwise: RuleConv2d
    pointwise: RuleConv2d
    norm: BatchNorm


def run_node(
    edges: Sequence[tuple[nn.Module, NodeOutput]],
    *,
    plains: Sequence[Tensor] = (),
    with_active: bool = False,
) -> NodeOutput:
    """The sum of the outputs of all edges.

    Args:
        edges: modules in training mode, each with the value that it reads. Any module works, but
            only blocks of :mod:`evonas.networks.blocks` with a final batch norm become faster.
        plains: additional terms without normalisation, (N, C, H, W) each.
        with_active: whether the ReLU of the sum will be read.
    """
    raws: list[_Unnormalised] = []
    others = list(plains)
    for module, value in edges:
        halves = _halves(module)
        if halves:
            raws.append(_run_halves(halves, value.plain))
        elif is_relu_convolution(module):
            raws.append(_run_convolution(module, value.active))
        else:
            others.append(module(value.plain))
    if not raws and len(others) == 1:
        return NodeOutput(others[0])
    return _join(raws, others, with_active=with_active)


def is_relu_convolution(module: nn.Module) -> bool:
    """Whether a module is ReLU, convolution and batch normalisation, without a segment rule."""
    return (
        _is_sequential(module)
        and [type(each) for each in module.children()] == [nn.ReLU, RuleConv2d, BatchNorm]
    )  # fmt: skip


def _join(
    raws: Sequence[_Unnormalised], plains: Sequence[Tensor], *, with_active: bool
) -> NodeOutput:
    node, active = join(
        [raw.z for raw in raws],
        means=[raw.mean for raw in raws],
        variances=[raw.variance for raw in raws],
        scales=[raw.norm.weight for raw in raws],
        shifts=[raw.norm.bias for raw in raws],
        plains=plains,
        eps=raws[0].norm.eps if raws else 0.0,
        with_active=with_active,
    )
    return NodeOutput(node, active if with_active else None)


def _run_convolution(module: nn.Module, active: Tensor) -> _Unnormalised:
    _, convolution, norm = module.children()
    assert isinstance(norm, BatchNorm)
    z = convolution(active)
    return _defer_normalisation(z, *statistics(z), norm)


def _run_halves(halves: Sequence[_SeparableHalf], inputs: Tensor) -> _Unnormalised:
    raw = None
    for half in halves:
        if raw is not None:
            inputs = _join([raw], [], with_active=False).plain
        raw = _run_half(half, inputs)
    assert raw is not None
    return raw


def _run_half(half: _SeparableHalf, inputs: Tensor) -> _Unnormalised:
    inputs = inputs.to(autocast_dtype(inputs.device) or inputs.dtype)  # as for a convolution
    layer = half.depthwise
    z, mean, variance = convolve_separably(
        inputs,
        depthwise=layer.weight,
        pointwise=half.pointwise.weight,
        feedback_depthwise=_feedback(layer),
        feedback_pointwise=_feedback(half.pointwise),
        stride=layer.stride[0],
        padding=int(layer.padding[0]),
        dilation=layer.dilation[0],
    )
    return _defer_normalisation(z, mean, variance, half.norm)


def _defer_normalisation(
    z: Tensor, mean: Tensor, variance: Tensor, norm: BatchNorm
) -> _Unnormalised:
    norm.pending = mean, variance, z.numel() // z.shape[1]
    return _Unnormalised(z, mean, variance, norm)


def _feedback(layer: RuleConv2d) -> Tensor:
    rule = layer.rule
    if layer.connected.exact or not isinstance(rule, AbstractFeedbackRule):
        return layer.weight.detach()
    return rule.current(layer)


def _halves(module: nn.Module) -> list[_SeparableHalf]:
    """The halves of a separable convolution under feedback rules; empty for other modules."""
    modules = list(module.children()) if _is_sequential(module) else []
    halves = []
    for begin in range(0, len(modules), 4):
        match modules[begin : begin + 4]:
            case [nn.ReLU(), RuleConv2d() as first, RuleConv2d() as second, BatchNorm() as norm]:
                if not (_is_depthwise(first) and _is_pointwise(second)):
                    return []
                halves.append(_SeparableHalf(first, second, norm))
            case _:
                return []
    return halves


def _is_sequential(module: nn.Module) -> bool:
    return isinstance(module, Segment) and module.segment_rule is None


def _is_depthwise(layer: RuleConv2d) -> bool:
    return (
        layer.groups == layer.in_channels == layer.out_channels
        and all(len(set(pair)) == 1 for pair in (layer.kernel_size, layer.stride, layer.dilation))
        and not isinstance(layer.padding, str)
        and len(set(layer.padding)) == 1
        and _is_simple(layer)
    )


def _is_pointwise(layer: RuleConv2d) -> bool:
    return (
        (layer.kernel_size, layer.stride, layer.padding) == ((1, 1), (1, 1), (0, 0))
        and layer.groups == 1
        and layer.out_channels <= MAX_CHANNELS
        and _is_simple(layer)
    )


def _is_simple(layer: RuleConv2d) -> bool:
    return (
        layer.bias is None
        and layer.padding_mode == "zeros"
        and isinstance(layer.rule, AbstractFeedbackRule | Backprop)
    )
