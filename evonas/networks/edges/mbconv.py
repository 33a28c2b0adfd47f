"""Inverted bottleneck of mobile networks, with optional squeeze-and-excitation.

Sandler et al. 2018 (MobileNetV2, arXiv:1801.04381, Fig. 3b and Table 1). Squeeze-and-excitation is
from Hu, Shen and Sun 2018 (arXiv:1709.01507), and placed between the depthwise and the last
convolution as in MobileNetV3 and EfficientNet.
"""

from typing import final

import torch
from torch import Tensor, nn

from evonas.networks.blocks import convolution
from evonas.networks.edges.base import AbstractEdge
from evonas.networks.style import Style
from evonas.rules import AbstractRule, Segment


@final
class SqueezeExcite(nn.Module):
    """Scales every channel by a gate in (0, 1), computed from the means of all channels.

    Args:
        channels: number of input channels.
        squeezed: number of channels of the hidden layer.
        rule: rule of both layers.
        style: style of the network.
    """

    def __init__(self, channels: int, squeezed: int, *, rule: AbstractRule, style: Style) -> None:
        super().__init__()
        self.reduce = convolution(channels, squeezed, bias=True, rule=rule)
        self.activation = style.make_activation()
        self.expand = convolution(squeezed, channels, bias=True, rule=rule)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to the same shape."""
        means = inputs.mean((2, 3), keepdim=True)
        gates = torch.sigmoid(self.expand(self.activation(self.reduce(means))))
        return inputs * gates


@final
class InvertedBottleneck(AbstractEdge):
    """1x1 convolution to more channels, depthwise convolution, 1x1 convolution back.

    Normalisation follows each convolution, and an activation the first two. The input is added if
    it has the size and the channels of the output.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels.
        kernel: kernel size of the depthwise convolution.
        expansion: number of inner channels as a multiple of ``in_channels``; with 1, the first
            convolution is left out.
        squeeze: ratio of inner channels to the gates' hidden channels; 0 for no gates.
        stride: stride of the depthwise convolution.
        rule: rule of all layers.
        style: style of the network.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int,
        expansion: int,
        squeeze: int,
        stride: int,
        rule: AbstractRule,
        style: Style,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.adds_input = stride == 1 and in_channels == out_channels
        middle, bias = in_channels * expansion, style.has_bias
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [
                convolution(in_channels, middle, bias=bias, rule=rule),
                *style.norms(middle),
                style.make_activation(),
            ]
        layers += [
            convolution(
                middle, middle, kernel=kernel, stride=stride, groups=middle, bias=bias, rule=rule
            ),
            *style.norms(middle),
            style.make_activation(),
        ]
        if squeeze:
            squeezed = max(1, middle // squeeze)
            layers.append(SqueezeExcite(middle, squeezed, rule=rule, style=style))
        layers += [
            convolution(middle, out_channels, bias=bias, rule=rule),
            *style.norms(out_channels),
        ]
        # gates add a parallel path, which segment rules do not support
        self.layers = nn.Sequential(*layers) if squeeze else Segment(*layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/stride), ceil(W/stride))."""
        outputs: Tensor = self.layers(inputs)
        return inputs + outputs if self.adds_input else outputs

    def multiply_adds(self, *, height: int, width: int) -> int:
        """Multiply-adds: layers before the stride have the input's size, the gates one pixel."""
        total = 0
        for module in self.layers:
            if isinstance(module, nn.Conv2d):
                if module.stride[0] == 2:
                    height, width = -(-height // 2), -(-width // 2)
                total += _numbers(module) * height * width
            elif isinstance(module, SqueezeExcite):
                total += _numbers(module.reduce) + _numbers(module.expand)
        return total


def _numbers(layer: nn.Conv2d) -> int:
    return layer.weight.numel() + (0 if layer.bias is None else layer.bias.numel())
