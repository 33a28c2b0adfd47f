"""Modules for all kinds of operations."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from evonas.networks.blocks import (
    FactorizedReduction,
    projection,
    relu_convolution,
    separable_convolution,
)
from evonas.networks.edges.attention import SelfAttention
from evonas.networks.edges.mbconv import InvertedBottleneck
from evonas.networks.linear import linear_block
from evonas.networks.style import DEFAULT_STYLE, Style
from evonas.rules import AbstractRule
from evonas.space import Operation


@dataclass(frozen=True)
class Place:
    """Shapes and style of an operation at its place in the network.

    Args:
        in_channels: number of input channels.
        channels: number of output channels.
        stride: 2 if it halves the image, else 1.
        style: style of the network.
    """

    in_channels: int
    channels: int
    stride: int
    style: Style


def _identity(_: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    if place.stride == 2:
        return FactorizedReduction(place.in_channels, place.channels, rule=rule, style=place.style)
    if place.in_channels != place.channels:
        return projection(place.in_channels, place.channels, rule=rule, style=place.style)
    return nn.Identity()


def _convolution(operation: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    return relu_convolution(
        place.in_channels,
        place.channels,
        kernel=operation.kernel,
        stride=place.stride,
        dilation=operation.dilation,
        groups=operation.groups,
        rule=rule,
        style=place.style,
    )


def _separable(operation: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    return separable_convolution(
        place.in_channels,
        kernel=operation.kernel,
        stride=place.stride,
        dilation=operation.dilation,
        repeats=operation.repeats,
        out_channels=place.channels,
        rule=rule,
        style=place.style,
    )


def _pool(operation: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    padding = (operation.kernel - 1) // 2
    pool: nn.Module
    if operation.mode == "max":
        pool = nn.MaxPool2d(operation.kernel, stride=place.stride, padding=padding)
    else:
        pool = nn.AvgPool2d(
            operation.kernel, stride=place.stride, padding=padding, count_include_pad=False
        )
    if place.in_channels == place.channels:
        return pool
    changing = relu_convolution(
        place.in_channels, place.channels, kernel=1, rule=rule, style=place.style
    )
    return nn.Sequential(changing, pool)


def _linear(_: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    return linear_block(place.in_channels, place.channels, rule=rule, style=place.style)


def _mbconv(operation: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    return InvertedBottleneck(
        place.in_channels,
        place.channels,
        kernel=operation.kernel,
        expansion=operation.expansion,
        squeeze=operation.squeeze,
        stride=place.stride,
        rule=rule,
        style=place.style,
    )


def _attention(operation: Operation, place: Place, rule: AbstractRule) -> nn.Module:
    return SelfAttention(
        place.in_channels,
        place.channels,
        heads=operation.heads,
        stride=place.stride,
        rule=rule,
        style=place.style,
    )


# without `zero`: its edges are never run, so they need no module
OPERATIONS: dict[str, Callable[[Operation, Place, AbstractRule], nn.Module]] = {
    "identity": _identity,
    "convolution": _convolution,
    "separable": _separable,
    "pool": _pool,
    "linear": _linear,
    "mbconv": _mbconv,
    "attention": _attention,
}


def make_operation(
    operation: Operation,
    *,
    channels: int,
    stride: int,
    rule: AbstractRule,
    in_channels: int | None = None,
    style: Style = DEFAULT_STYLE,
) -> nn.Module:
    """The module of ``operation``; stride 2 halves the image.

    Args:
        operation: an operation of any kind except zero.
        channels: number of output channels.
        stride: 1 or 2.
        rule: rule of its layers.
        in_channels: number of input channels; ``channels`` if None.
        style: style of the network.
    """
    place = Place(channels if in_channels is None else in_channels, channels, stride, style)
    return OPERATIONS[operation.kind](operation, place, rule)
