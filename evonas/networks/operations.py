"""The module of every kind of operation."""

from collections.abc import Callable

from torch import nn

from evonas.networks.blocks import FactorizedReduction, relu_convolution, separable_convolution
from evonas.rules import AbstractRule
from evonas.space import Operation


def _identity(_: Operation, channels: int, stride: int, rule: AbstractRule) -> nn.Module:
    return nn.Identity() if stride == 1 else FactorizedReduction(channels, channels, rule=rule)


def _convolution(
    operation: Operation, channels: int, stride: int, rule: AbstractRule
) -> nn.Module:
    return relu_convolution(
        channels,
        channels,
        kernel=operation.kernel,
        stride=stride,
        dilation=operation.dilation,
        groups=operation.groups,
        rule=rule,
    )


def _separable(operation: Operation, channels: int, stride: int, rule: AbstractRule) -> nn.Module:
    return separable_convolution(
        channels,
        kernel=operation.kernel,
        stride=stride,
        dilation=operation.dilation,
        repeats=operation.repeats,
        rule=rule,
    )


def _pool(operation: Operation, _: int, stride: int, rule: AbstractRule) -> nn.Module:  # noqa: ARG001
    padding = (operation.kernel - 1) // 2
    if operation.mode == "max":
        return nn.MaxPool2d(operation.kernel, stride=stride, padding=padding)
    return nn.AvgPool2d(operation.kernel, stride=stride, padding=padding, count_include_pad=False)


# `zero` is not here: its edges are never run, so they need no module
OPERATIONS: dict[str, Callable[[Operation, int, int, AbstractRule], nn.Module]] = {
    "identity": _identity,
    "convolution": _convolution,
    "separable": _separable,
    "pool": _pool,
}


def make_operation(
    operation: Operation, *, channels: int, stride: int, rule: AbstractRule
) -> nn.Module:
    """The module of ``operation``, from ``channels`` to ``channels``; stride 2 halves the size."""
    return OPERATIONS[operation.kind](operation, channels, stride, rule)
