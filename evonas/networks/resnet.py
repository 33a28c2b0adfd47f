"""ResNets for small images of He, Zhang, Ren and Sun (2016, section 4.2), built of rule layers.

A 3x3 convolution, three stages of 16, 32 and 64 channels with (depth - 2) / 6 blocks of two 3x3
convolutions each, global average pooling, and a linear classifier. Shortcuts are their option A:
where a stage halves the image, the shortcut takes every second pixel and pads the new channels
with zeros, so no shortcut has weights. Weights have torch's default initialisation, as in all
networks here.
"""

from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from evonas.errors import SpaceError
from evonas.networks.blocks import convolution
from evonas.networks.normalisation import BatchNorm
from evonas.networks.skeleton import SkeletonParts
from evonas.networks.stems import stem
from evonas.rules import AbstractRule, Backprop, RuleLinear, Segment

DEPTHS: dict[str, int] = {"resnet20": 20, "resnet56": 56}
"""Depths, keyed by name; these networks have 0.27 and 0.85 million parameters on CIFAR-10."""
WIDTHS = (16, 32, 64)
SMALLEST_SIDE = 4  # pixels: images are halved twice
_BACKPROP = Backprop()


@final
class BasicBlock(nn.Module):
    """Sum of two 3x3 convolutions and a shortcut without weights, followed by ReLU.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels, at least ``in_channels``.
        stride: 2 if the block halves height and width, else 1.
        rule: rule of both convolutions.

    Attributes:
        stride: 2 if the block halves height and width, else 1.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int, rule: AbstractRule
    ) -> None:
        super().__init__()
        self.stride = stride
        self._new_channels = out_channels - in_channels
        self.residual = Segment(
            convolution(in_channels, out_channels, kernel=3, stride=stride, rule=rule),
            BatchNorm(out_channels),
            nn.ReLU(),
            convolution(out_channels, out_channels, kernel=3, rule=rule),
            BatchNorm(out_channels),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/stride), ceil(W/stride))."""
        shortcut = inputs[:, :, :: self.stride, :: self.stride]
        shortcut = F.pad(shortcut, (0, 0, 0, 0, 0, self._new_channels))
        return F.relu(self.residual(inputs) + shortcut)


def resnet_parts(depth: int, input_shape: tuple[int, int, int], num_classes: int) -> SkeletonParts:
    """The parts of a ResNet under ``bp``, before its layers are connected.

    Args:
        depth: number of layers with weights, 6n + 2.
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.

    Raises:
        SpaceError: the images are too small.
        ValueError: the depth is not 6n + 2.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth: expected 6n + 2, such as 20, got {depth}")
    if min(input_shape[1:]) < SMALLEST_SIDE:
        raise SpaceError(
            f"resnet{depth}: expected images of at least {SMALLEST_SIDE} pixels a side, got "
            f"{input_shape[1]} x {input_shape[2]}"
        )
    return SkeletonParts(
        _body(depth, input_shape[0]),
        head=nn.Identity(),
        classifier=RuleLinear(WIDTHS[-1], num_classes, rule=_BACKPROP),
    )


def _body(depth: int, in_channels: int) -> dict[str, nn.Module]:
    first = stem(in_channels, WIDTHS[0], kernel=3, rule=_BACKPROP)
    body: dict[str, nn.Module] = {"stem": nn.Sequential(*first, nn.ReLU())}
    before = WIDTHS[0]
    for stage, width in enumerate(WIDTHS):
        for block in range((depth - 2) // 6):
            stride = 2 if stage and not block else 1
            body[f"stage{stage}_block{block}"] = BasicBlock(
                before, width, stride=stride, rule=_BACKPROP
            )
            before = width
    return body
