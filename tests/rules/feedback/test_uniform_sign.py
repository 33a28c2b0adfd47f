"""Uniform sign feedback under scaled weights; oracles: homogeneity, transposed convolution."""

import pytest
import torch
from torch import Tensor

from evonas.rules import RuleConv2d, UniformSign, connect
from evonas.rules.scale import Scale


@pytest.mark.parametrize(
    ("scale", "degree"), [("initial", 0), ("group", 0), ("biotorch", 0), ("rms", 1)]
)
def test_scaling_weights_scales_signal_by_expected_power(
    scale: Scale, degree: int, generator: torch.Generator
) -> None:
    layer = RuleConv2d(
        4, 6, 3, stride=2, padding=1, groups=2, rule=UniformSign(scale=scale)
    ).double()
    connect(layer, seed=0)
    images = torch.randn(2, 4, 7, 6, dtype=torch.float64, generator=generator)

    def sent() -> Tensor:
        x = images.clone().requires_grad_()
        outputs = layer(x)
        (found,) = torch.autograd.grad(outputs, x, torch.ones_like(outputs))
        return found

    before = sent()
    with torch.no_grad():
        layer.weight.mul_(3.0)
    assert torch.allclose(sent(), 3.0**degree * before, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("size", [(8, 8), (7, 6)])
def test_signal_is_transposed_convolution_with_signs(
    size: tuple[int, int], generator: torch.Generator
) -> None:
    layer = RuleConv2d(
        4, 6, 3, stride=2, padding=1, dilation=2, groups=2, rule=UniformSign()
    ).double()
    connect(layer, seed=0)
    x = torch.randn(2, 4, *size, dtype=torch.float64, generator=generator).requires_grad_()
    outputs = layer(x)
    received = torch.randn(outputs.shape, dtype=torch.float64, generator=generator)
    (sent,) = torch.autograd.grad(outputs, x, received)
    # rules.md writes K with the output padding that restores an even or odd size
    left_over = [size[i] - ((outputs.shape[2 + i] - 1) * 2 - 2 + 2 * 2 + 1) for i in range(2)]
    sigma = (1 / (3 * 2 * 9)) ** 0.5  # torch draws its weights from U(-b, b), b^2 = 1 / fan_in
    expected = torch.nn.functional.conv_transpose2d(
        received, sigma * layer.weight.sign(), stride=2, padding=1, output_padding=left_over,
        groups=2, dilation=2,
    )  # fmt: skip
    assert torch.allclose(sent, expected, rtol=0, atol=1e-12)
