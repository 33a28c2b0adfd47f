"""Nodes of a cell by kernels: what their edges give is normalised and added up in one pass.

A convolution leaves its outputs as they are, and their statistics beside them; the node
normalises them, adds up, and takes the ReLU that its own convolutions begin with, once for all of
them. The numbers are those of the modules one after another, but for rounding. What the
normalisations have seen enters their running statistics at the end of the network, by
:func:`evonas.networks.normalisation.take_in`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks.normalisation import BatchNorm, statistics
from evonas.rules import AbstractFeedbackRule, Backprop, RuleConv2d, Segment
from evonas.rules.kernels import MAX_CHANNELS, convolve_separably, join


@final
class Value:
    """What a node gives: itself, and relu of it, computed at most once.

    Args:
        plain: (N, C, H, W).
        active: relu of it, where it is known.
    """

    def __init__(self, plain: Tensor, active: Tensor | None = None) -> None:
        self.plain = plain
        self._active = active

    @cached_property
    def active(self) -> Tensor:
        """Relu of it."""
        return F.relu(self.plain) if self._active is None else self._active


@dataclass(frozen=True)
class _Raw:
    """Outputs that their batch normalisation has not seen yet, and their statistics."""

    z: Tensor
    mean: Tensor
    variance: Tensor
    norm: BatchNorm


@dataclass(frozen=True)
class _Half:
    """ReLU, depthwise and pointwise convolution and batch normalisation, which one kernel does."""

    depthwise: RuleConv2d
    pointwise: RuleConv2d
    norm: BatchNorm


def run_node(
    edges: Sequence[tuple[nn.Module, Value]],
    *,
    plains: Sequence[Tensor] = (),
    with_active: bool = False,
) -> Value:
    """The sum of what all modules make of their values.

    Args:
        edges: modules in training, each with what it reads; any module will do, and those of
            :mod:`evonas.networks.blocks` that end in a batch normalisation are what it is for.
        plains: added as they are.
        with_active: whether relu of the sum will be wanted.
    """
    raws: list[_Raw] = []
    others = list(plains)
    for module, value in edges:
        halves = _halves(module)
        if halves:
            raws.append(_run_halves(halves, value.plain))
        elif wants_active(module):
            raws.append(_run_convolution(module, value.active))
        else:
            others.append(module(value.plain))
    if not raws and len(others) == 1:
        return Value(others[0])
    return _join(raws, others, with_active=with_active)


def wants_active(module: nn.Module) -> bool:
    """Whether it is ReLU, convolution and batch normalisation, which a node takes apart."""
    return (
        _is_in_turn(module)
        and [type(each) for each in module.children()] == [nn.ReLU, RuleConv2d, BatchNorm]
    )  # fmt: skip


def _join(raws: Sequence[_Raw], plains: Sequence[Tensor], *, with_active: bool) -> Value:
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
    return Value(node, active if with_active else None)


def _run_convolution(module: nn.Module, active: Tensor) -> _Raw:
    _, convolution, norm = module.children()
    assert isinstance(norm, BatchNorm)
    z = convolution(active)
    return _seen(z, *statistics(z), norm)


def _run_halves(halves: Sequence[_Half], inputs: Tensor) -> _Raw:
    raw = None
    for half in halves:
        if raw is not None:
            inputs = _join([raw], [], with_active=False).plain
        raw = _run_half(half, inputs)
    assert raw is not None
    return raw


def _run_half(half: _Half, inputs: Tensor) -> _Raw:
    kind = inputs.device.type
    if torch.is_autocast_enabled(kind):  # as a convolution would take them
        inputs = inputs.to(torch.get_autocast_dtype(kind))
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
    return _seen(z, mean, variance, half.norm)


def _seen(z: Tensor, mean: Tensor, variance: Tensor, norm: BatchNorm) -> _Raw:
    norm.seen = mean, variance, z.numel() // z.shape[1]
    return _Raw(z, mean, variance, norm)


def _feedback(layer: RuleConv2d) -> Tensor:
    rule = layer.rule
    if layer.connected.exact or not isinstance(rule, AbstractFeedbackRule):
        return layer.weight.detach()
    return rule.current(layer)


def _halves(module: nn.Module) -> list[_Half]:
    """The halves of a separable convolution whose rules are one feedback tensor; else none."""
    modules = list(module.children()) if _is_in_turn(module) else []
    halves = []
    for begin in range(0, len(modules), 4):
        match modules[begin : begin + 4]:
            case [nn.ReLU(), RuleConv2d() as first, RuleConv2d() as second, BatchNorm() as norm]:
                if not (_is_depthwise(first) and _is_pointwise(second)):
                    return []
                halves.append(_Half(first, second, norm))
            case _:
                return []
    return halves


def _is_in_turn(module: nn.Module) -> bool:
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
