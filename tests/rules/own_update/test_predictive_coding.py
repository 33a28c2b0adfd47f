"""Oracles: the closed form of one linear layer, gradient descent, the limit gamma to 0."""

import pytest
import torch
from torch import Tensor

from evonas.rules import PredictiveCoding, RuleConv2d, RuleLinear, connect


def passed(layer: RuleConv2d | RuleLinear, x: Tensor, received: Tensor) -> tuple[Tensor, Tensor]:
    """The sent signal and the weight gradient."""
    connect(layer, seed=0)
    x = x.detach().requires_grad_()
    sent, learnt = torch.autograd.grad(layer(x), (x, layer.weight), received)
    return sent, learnt


def test_linear_layer_at_equilibrium_matches_closed_form() -> None:
    rule = PredictiveCoding(gamma=0.3, step=1.0, steps=1)
    layer = RuleLinear(5, 4, rule=rule).double()
    x, g = torch.randn(6, 5).double(), torch.randn(6, 4).double()
    sent, learnt = passed(layer, x, g)
    weight, each = layer.weight.detach(), 6 * g
    v = x - 0.3 * each @ weight
    assert torch.allclose(sent, g @ weight, rtol=0, atol=1e-12)
    assert torch.allclose(learnt, each.t() @ v / 6, rtol=0, atol=1e-12)
    repelled = g.t() @ x - 0.3 / 6 * each.t() @ each @ weight
    assert torch.allclose(learnt, repelled, rtol=0, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 4, 60])
def test_relaxation_matches_gradient_descent_and_converges(steps: int) -> None:
    rule = PredictiveCoding(gamma=0.3, step=0.4, steps=steps)
    layer = RuleConv2d(4, 4, 3, stride=2, padding=1, groups=2, rule=rule).double()
    x, g = torch.randn(3, 4, 7, 6).double(), torch.randn(3, 4, 4, 3).double()
    sent, learnt = passed(layer, x, g)
    v = x.clone()
    for _ in range(steps):
        v.requires_grad_()
        energy = (v - x).square().sum() / (2 * 0.3) + (3 * g * layer.run_exactly(v)).sum()
        (slope,) = torch.autograd.grad(energy, v)
        v = (v - 0.4 * 0.3 * slope).detach()
    (expected,) = torch.autograd.grad(layer.run_exactly(v), layer.weight, g)
    assert torch.allclose(learnt, expected, rtol=0, atol=1e-12)
    assert torch.allclose(sent, (x - v) / 0.3 / 3, rtol=0, atol=1e-12)
    if steps == 60:
        equilibrium = PredictiveCoding(gamma=0.3, step=1.0, steps=1)
        layer.rule = equilibrium
        assert torch.allclose(passed(layer, x, g)[1], learnt, rtol=0, atol=1e-10)


def test_limit_of_vanishing_gamma_is_backprop() -> None:
    x, g = torch.randn(3, 4, 6, 6).double(), torch.randn(3, 4, 4, 4).double()
    layer = RuleConv2d(4, 4, 3, rule=PredictiveCoding(gamma=1e-9, step=1.0)).double()
    y = x.clone().requires_grad_()
    expected = torch.autograd.grad(layer.run_exactly(y), (y, layer.weight), g)
    for ours, truth in zip(passed(layer, x, g), expected, strict=True):
        assert torch.allclose(ours, truth, rtol=0, atol=1e-6)
    layer.rule = PredictiveCoding(gamma=1.0, step=1.0)
    assert not torch.allclose(passed(layer, x, g)[1], expected[1], rtol=0, atol=1e-3)


def test_first_layer_uses_backprop_because_images_are_fixed() -> None:
    layer = RuleLinear(5, 4, rule=PredictiveCoding(gamma=1.0)).double()
    connect(layer, seed=0)
    x, g = torch.randn(6, 5).double(), torch.randn(6, 4).double()
    (learnt,) = torch.autograd.grad(layer(x), layer.weight, g)
    assert torch.allclose(learnt, g.t() @ x, rtol=0, atol=1e-12)
