"""Fully connected layers on images of one pixel, whose channels are the units."""

from typing import final

from torch import Tensor, nn

from evonas.networks.style import DEFAULT_STYLE, Style
from evonas.rules import AbstractRule, RuleLinear, Segment


@final
class PixelsToUnits(nn.Module):
    """Flattens each image to a row of units."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C H W)."""
        return inputs.flatten(1)


@final
class UnitsToPixel(nn.Module):
    """Turns a row of units into an image of one pixel."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C) to (N, C, 1, 1)."""
        return inputs[:, :, None, None]


def linear_block(
    in_channels: int,
    out_channels: int,
    *,
    rule: AbstractRule,
    style: Style = DEFAULT_STYLE,
    has_activation: bool = True,
) -> Segment:
    """Activation, fully connected layer, normalisation; (N, C, 1, 1) to (N, C', 1, 1).

    Args:
        in_channels: number of input units; for the stem, channels x height x width of the image.
        out_channels: number of output units.
        rule: rule of the layer.
        style: style of the network.
        has_activation: whether the block starts with the activation; the stem does not.
    """
    return Segment(
        *([style.make_activation()] if has_activation else []),
        PixelsToUnits(),
        RuleLinear(in_channels, out_channels, bias=style.has_bias, rule=rule),
        UnitsToPixel(),
        *style.norms(out_channels),
    )
