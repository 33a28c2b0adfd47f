"""Building blocks of networks, made of rule layers.

Every block takes the learning rule of its convolutions, so that every weight has a rule. The
blocks are those of NAS-Bench-201 (Dong and Yang 2020) and DARTS (Liu, Simonyan and Yang 2019):
ReLU, convolutions without bias, batch normalisation. The style of a space can replace activation
and normalisation.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks.node import NodeOutput, run_node
from evonas.networks.style import DEFAULT_STYLE, Style
from evonas.rules import AbstractRule, RuleConv2d, Segment


def convolution(
    in_channels: int,
    out_channels: int,
    *,
    rule: AbstractRule,
    kernel: int = 1,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = False,
) -> RuleConv2d:
    """A convolution with padding that preserves height and width at stride 1."""
    return RuleConv2d(
        in_channels,
        out_channels,
        kernel,
        stride=stride,
        padding=dilation * (kernel - 1) // 2,
        dilation=dilation,
        groups=groups,
        bias=bias,
        rule=rule,
    )


def relu_convolution(
    in_channels: int,
    out_channels: int,
    *,
    kernel: int,
    rule: AbstractRule,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    style: Style = DEFAULT_STYLE,
) -> Segment:
    """Activation, convolution, normalisation."""
    return Segment(
        style.make_activation(),
        convolution(
            in_channels,
            out_channels,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            groups=groups,
            bias=style.has_bias,
            rule=rule,
        ),
        *style.norms(out_channels),
    )


def separable_convolution(
    channels: int,
    *,
    kernel: int,
    rule: AbstractRule,
    stride: int = 1,
    dilation: int = 1,
    repeats: int = 1,
    out_channels: int | None = None,
    style: Style = DEFAULT_STYLE,
) -> Segment:
    """Activation, depthwise, pointwise, normalisation, repeated ``repeats`` times.

    The first depthwise convolution has the stride, and the first pointwise convolution changes the
    number of channels to ``out_channels``.
    """
    layers: list[nn.Module] = []
    in_channels, out_channels = channels, out_channels or channels
    for repeat in range(repeats):
        layers += [
            style.make_activation(),
            convolution(
                in_channels,
                in_channels,
                kernel=kernel,
                stride=stride if repeat == 0 else 1,
                dilation=dilation,
                groups=in_channels,
                rule=rule,
            ),
            convolution(in_channels, out_channels, bias=style.has_bias, rule=rule),
            *style.norms(out_channels),
        ]
        in_channels = out_channels
    return Segment(*layers)


def projection(
    in_channels: int, out_channels: int, *, rule: AbstractRule, style: Style = DEFAULT_STYLE
) -> nn.Sequential:
    """1x1 convolution and normalisation, used as an identity where the channels change."""
    return nn.Sequential(
        convolution(in_channels, out_channels, bias=style.has_bias, rule=rule),
        *style.norms(out_channels),
    )


class FactorizedReduction(nn.Module):
    """Halves height and width by two 1x1 convolutions with an offset of one pixel.

    One reads the pixels with even row and column, the other those with odd row and column.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        rule: AbstractRule,
        style: Style = DEFAULT_STYLE,
    ) -> None:
        super().__init__()
        half, bias = out_channels // 2, style.has_bias
        self._style = style
        self.even = convolution(in_channels, half, stride=2, bias=bias, rule=rule)
        self.odd = convolution(in_channels, out_channels - half, stride=2, bias=bias, rule=rule)
        norms = style.norms(out_channels)
        self.norm = norms[0] if norms else nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/2), ceil(W/2))."""
        active = self._style.activate(inputs)
        height, width = active.shape[2:]
        # if a side is odd, the last even pixel has no neighbour: pad with a zero
        shifted = F.pad(active, (0, width % 2, 0, height % 2))[:, :, 1:, 1:]
        joined: Tensor = self.norm(torch.cat([self.even(active), self.odd(shifted)], dim=1))
        return joined


class ResidualReduction(nn.Module):
    """Stride-2 residual block of NAS-Bench-201.

    The sum of two 3x3 convolutions and a shortcut of pooling and a 1x1 convolution.

    Attributes:
        has_kernels: whether kernels compute normalisation and sum in training mode.
        stride: stride of the block.
    """

    stride = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        rule: AbstractRule,
        style: Style = DEFAULT_STYLE,
    ) -> None:
        super().__init__()
        self.has_kernels = False
        self.first = relu_convolution(
            in_channels, out_channels, kernel=3, stride=2, rule=rule, style=style
        )
        self.second = relu_convolution(
            out_channels, out_channels, kernel=3, rule=rule, style=style
        )
        self.pool = nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False)
        self.shortcut = convolution(in_channels, out_channels, rule=rule)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/2), ceil(W/2))."""
        if self.has_kernels and self.training:
            between = run_node([(self.first, NodeOutput(inputs))], with_active=True)
            skipped = self.shortcut(self.pool(inputs))
            return run_node([(self.second, between)], plains=[skipped]).plain
        residual: Tensor = self.second(self.first(inputs))
        shortcut: Tensor = self.shortcut(self.pool(inputs))
        return shortcut + residual
