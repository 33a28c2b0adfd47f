"""Stems: the first block of a network, from the image to the channels of the first cell."""

from torch import nn

from evonas.networks.blocks import convolution
from evonas.networks.linear import linear_block
from evonas.networks.style import DEFAULT_STYLE, Style
from evonas.rules import AbstractRule, Segment


def stem(
    in_channels: int,
    out_channels: int,
    *,
    rule: AbstractRule,
    kernel: int = 3,
    style: Style = DEFAULT_STYLE,
) -> nn.Sequential:
    """One convolution and normalisation."""
    return nn.Sequential(
        convolution(in_channels, out_channels, kernel=kernel, bias=style.has_bias, rule=rule),
        *style.norms(out_channels),
    )


def reducing_stem(
    in_channels: int, out_channels: int, *, rule: AbstractRule, style: Style = DEFAULT_STYLE
) -> Segment:
    """Two 3x3 convolutions with stride 2, the first with half the channels.

    This is ``stem0`` of DARTS on ImageNet (Liu, Simonyan and Yang 2019): convolution,
    normalisation, activation, convolution, normalisation.
    """
    half, bias = out_channels // 2, style.has_bias
    return Segment(
        convolution(in_channels, half, kernel=3, stride=2, bias=bias, rule=rule),
        *style.norms(half),
        style.make_activation(),
        convolution(half, out_channels, kernel=3, stride=2, bias=bias, rule=rule),
        *style.norms(out_channels),
    )


def make_stem(
    kind: str,
    input_shape: tuple[int, int, int],
    out_channels: int,
    *,
    kernel: int | None,
    rule: AbstractRule,
    style: Style,
) -> nn.Module:
    """The stem of a space.

    Args:
        kind: kind of the stem, as in the YAML of the space.
        input_shape: channels, height and width of the images.
        out_channels: number of output channels.
        kernel: kernel size of a stem with a single convolution; 3 if None.
        rule: rule of its layers.
        style: style of the network.
    """
    channels, height, width = input_shape
    if kind == "reducing":
        return reducing_stem(channels, out_channels, rule=rule, style=style)
    if kind == "linear":
        num_inputs = channels * height * width
        return linear_block(num_inputs, out_channels, rule=rule, style=style, has_activation=False)
    return stem(channels, out_channels, kernel=kernel or 3, rule=rule, style=style)
