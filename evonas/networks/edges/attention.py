"""Self-attention between the pixels of an image, with rule layers as projections."""

from math import sqrt
from typing import final

from torch import Tensor, nn

from evonas.networks.blocks import convolution
from evonas.networks.edges.base import AbstractEdge
from evonas.networks.style import Style
from evonas.rules import AbstractRule


@final
class SelfAttention(AbstractEdge):
    """Normalisation, multi-head scaled dot-product attention over all pixels, projection.

    Vaswani et al. 2017 (arXiv:1706.03762, section 3.2), with the normalisation first. Rules apply
    to the two 1x1 convolutions; between them, gradients are exact. There is no positional
    encoding, so the order of pixels matters only to convolutions.

    Args:
        in_channels: number of input channels.
        out_channels: number of channels of queries, keys, values and outputs; a multiple of
            ``heads``.
        heads: number of heads.
        stride: 2 to average over 2 x 2 pixels first, else 1.
        rule: rule of both convolutions.
        style: style of the network.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        heads: int,
        stride: int,
        rule: AbstractRule,
        style: Style,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.heads = heads
        self.pool: nn.Module = nn.Identity()
        if stride == 2:
            self.pool = nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False)
        self.norm = nn.Sequential(*style.norms(in_channels))
        bias = style.has_bias
        self.queries_keys_values = convolution(in_channels, 3 * out_channels, bias=bias, rule=rule)
        self.projection = convolution(out_channels, out_channels, bias=bias, rule=rule)

    def forward(self, inputs: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, C', ceil(H/stride), ceil(W/stride))."""
        pooled = self.norm(self.pool(inputs))
        height, width = pooled.shape[2:]
        joint = self.queries_keys_values(pooled).flatten(2)  # (N, 3 C', pixels)
        batch, triple, pixels = joint.shape
        depth = triple // (3 * self.heads)
        queries, keys, values = joint.reshape(batch, 3, self.heads, depth, pixels).unbind(1)
        scores = queries.transpose(-2, -1) @ keys / sqrt(depth)  # (N, heads, pixels, pixels)
        mixed = values @ scores.softmax(-1).transpose(-2, -1)
        outputs: Tensor = self.projection(mixed.reshape(batch, triple // 3, height, width))
        return outputs

    def multiply_adds(self, *, height: int, width: int) -> int:
        """Multiply-adds of the two convolutions, the scores, and the weighted sums of values."""
        if self.stride == 2:
            height, width = -(-height // 2), -(-width // 2)
        pixels = height * width
        layers = (self.queries_keys_values, self.projection)
        numbers = sum(
            each.weight.numel() + (0 if each.bias is None else each.bias.numel())
            for each in layers
        )
        return numbers * pixels + 2 * self.projection.in_channels * pixels**2
