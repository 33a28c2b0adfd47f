"""Blocks compared with torch's layers and with known pixel values."""

import torch
from torch import nn
from torch.nn import functional as F

from evonas.networks.blocks import (
    FactorizedReduction,
    ResidualReduction,
    relu_convolution,
    separable_convolution,
)
from evonas.networks.normalisation import BatchNorm
from evonas.rules import RULES, RuleConv2d, Segment

BP = RULES["bp"]()


def test_batch_norm_matches_torch_in_training_and_evaluation() -> None:
    ours, torchs = BatchNorm(3), nn.BatchNorm2d(3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        batch = torch.randn(4, 3, 5, 5, generator=generator) * 2 + 1
        torch.testing.assert_close(ours(batch), torchs(batch))
    torch.testing.assert_close(ours.eval()(batch), torchs.eval()(batch))


def test_separable_convolution_dilates_depthwise_part_and_strides_once() -> None:
    block = separable_convolution(4, kernel=3, rule=BP, stride=2, dilation=2, repeats=2).eval()
    images = torch.randn(2, 4, 9, 9, generator=torch.Generator().manual_seed(0))
    weights = list(block.state_dict().items())
    depthwise = [w for name, w in weights if w.shape == (4, 1, 3, 3)]
    pointwise = [w for name, w in weights if w.shape == (4, 4, 1, 1)]
    expected = images
    for stride, one, other in zip((2, 1), depthwise, pointwise, strict=True):
        expected = F.conv2d(F.relu(expected), one, stride=stride, padding=2, dilation=2, groups=4)
        expected = F.conv2d(expected, other) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(block(images), expected)


def test_factorised_reduction_starts_with_relu() -> None:
    block = FactorizedReduction(2, 4, rule=BP).eval()
    images = torch.rand(1, 2, 8, 8)
    torch.testing.assert_close(block(-images), block(torch.zeros_like(images)))


def test_pooled_shortcut_of_odd_image_ignores_padding() -> None:
    block = ResidualReduction(1, 1, rule=BP)
    assert torch.equal(block.pool(torch.ones(1, 1, 5, 5)), torch.ones(1, 1, 3, 3))


def test_block_convolutions_form_one_segment() -> None:
    for block, count in (
        (relu_convolution(2, 4, kernel=3, rule=BP), 1),
        (separable_convolution(4, kernel=3, rule=BP, repeats=2), 4),
    ):
        assert isinstance(block, Segment)
        assert len(block.stages) == count
        assert all(isinstance(layer, RuleConv2d) for layer in block.layers)
