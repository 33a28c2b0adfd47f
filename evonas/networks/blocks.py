"""The blocks with weights that networks are built from, made of rule layers.

Every block takes the learning rule of its convolutions, so that every weight has one. The blocks
are those of NAS-Bench-201 (Dong and Yang 2020) and DARTS (Liu, Simonyan and Yang 2019): ReLU
first, convolutions without bias, batch normalisation last.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks.node import NodeOutput, run_node
from evonas.networks.normalisation import BatchNorm
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
) -> RuleConv2d:
    """A convolution without bias; the padding keeps height and width at stride 1."""
    return RuleConv2d(
        in_channels,
        out_channels,
        kernel,
        stride=stride,
        padding=dilation * (kernel - 1) // 2,
        dilation=dilation,
        groups=groups,
        bias=False,
        rule=rule,
    )


def stem(in_channels: int, out_channels: int, *, kernel: int, rule: AbstractRule) -> nn.Sequential:
    """The first block of every skeleton: convolution and batch normalisation."""
    return nn.Sequential(
        convolution(in_channels, out_channels, kernel=kernel, rule=rule), BatchNorm(out_channels)
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
) -> Segment:
    """ReLU, convolution, batch normalisation."""
    return Segment(
        nn.ReLU(),
        convolution(
            in_channels,
            out_channels,
            kernel=kernel,
            stride=stride,
            dilation=dilation,
            groups=groups,
            rule=rule,
        ),
        BatchNorm(out_channels),
    )


def separable_convolution(
    channels: int,
    *,
    kernel: int,
    rule: AbstractRule,
    stride: int = 1,
    dilation: int = 1,
    repeats: int = 1,
) -> Segment:
    """``repeats`` times ReLU, depthwise, pointwise, batch normalisation; the first is strided."""
    layers: list[nn.Module] = []
    for repeat in range(repeats):
        layers += [
            nn.ReLU(),
            convolution(
                channels,
                channels,
                kernel=kernel,
                stride=stride if repeat == 0 else 1,
                dilation=dilation,
                groups=channels,
                rule=rule,
            ),
            convolution(channels, channels, rule=rule),
            BatchNorm(channels),
        ]
    return Segment(*layers)


class FactorizedReduction(nn.Module):
    """Halves height and width by two 1x1 convolutions, one pixel apart, so no pixel is lost."""

    def __init__(self, in_channels: int, out_channels: int, *, rule: AbstractRule) -> None:
        super().__init__()
        half = out_channels // 2
        self.even = convolution(in_channels, half, stride=2, rule=rule)
        self.odd = convolution(in_channels, out_channels - half, stride=2, rule=rule)
        self.norm = BatchNorm(out_channels)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/2), ceil(W/2))."""
        active = F.relu(inputs)
        height, width = active.shape[2:]
        # on an odd side the last even pixel has no right neighbour: pad with a zero
        shifted = F.pad(active, (0, width % 2, 0, height % 2))[:, :, 1:, 1:]
        joined: Tensor = self.norm(torch.cat([self.even(active), self.odd(shifted)], dim=1))
        return joined


class ResidualReduction(nn.Module):
    """NAS-Bench-201's stride-2 residual block: two 3x3 convolutions beside pooling and a 1x1.

    Attributes:
        has_kernels: whether kernels normalise and add up in training mode.
        stride: of the block.
    """

    stride = 2

    def __init__(self, in_channels: int, out_channels: int, *, rule: AbstractRule) -> None:
        super().__init__()
        self.has_kernels = False
        self.first = relu_convolution(in_channels, out_channels, kernel=3, stride=2, rule=rule)
        self.second = relu_convolution(out_channels, out_channels, kernel=3, rule=rule)
        self.pool = nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False)
        self.shortcut = convolution(in_channels, out_channels, rule=rule)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/2), ceil(W/2))."""
        if self.has_kernels and self.training:
            between = run_node([(self.first, NodeOutput(inputs))], with_active=True)
            beside = self.shortcut(self.pool(inputs))
            return run_node([(self.second, between)], plains=[beside]).plain
        residual: Tensor = self.second(self.first(inputs))
        shortcut: Tensor = self.shortcut(self.pool(inputs))
        return shortcut + residual
