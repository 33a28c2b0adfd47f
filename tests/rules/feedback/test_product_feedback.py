"""Oracles: the authors' two matrices, R trained by torch's optimiser; ``kp`` for B = 1."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import (
    AbstractRuleLayer,
    FeedbackAlignment,
    KolenPollack,
    ProductFeedback,
    RuleConv2d,
    RuleLinear,
    Wiring,
    bio_share,
    connect,
)


def first_r(layer: RuleConv2d | RuleLinear, rule: ProductFeedback) -> Tensor:
    """R_0 as drawn, (groups * width, inputs, ...)."""
    expand = rule.expand(layer)
    shape = torch.Size([expand.shape[0] * expand.shape[2], *layer.weight.shape[1:]])
    noise = layer.connected.fixed_noise(layer.number, like=layer.weight, shape=shape)
    return noise * layer.sigma("initial")


def product(expand: Tensor, r: Tensor) -> Tensor:
    """B R, unit by unit."""
    groups, channels, width = expand.shape
    rows = []
    for group in range(groups):
        for unit in range(channels):
            row = torch.zeros_like(r[0])
            for m in range(width):
                row = row + expand[group, unit, m] * r[group * width + m]
            rows.append(row)
    return torch.stack(rows)


def some_layer(rule: ProductFeedback) -> tuple[RuleConv2d, Wiring]:
    layer = RuleConv2d(4, 6, 3, padding=1, groups=2, bias=False, rule=rule).double()
    return layer, connect(layer, seed=2)


def test_signals_and_feedback_match_two_trained_matrices() -> None:
    """As published, R gets the gradient of a second convolution, whose signal is g through B."""
    rule = ProductFeedback(expansion=3)
    layer, wiring = some_layer(rule)
    expand = rule.expand(layer)  # (2, 3, 9)
    r = nn.Parameter(first_r(layer, rule).clone())
    optimiser = torch.optim.SGD([layer.weight, r], lr=0.05, momentum=0.9, weight_decay=0.1)
    for _ in range(20):
        x = torch.randn(3, 4, 5, 5).double().requires_grad_()
        g = torch.randn(3, 6, 5, 5).double()
        outputs = layer(x)
        wide = torch.einsum("gcm,ngchw->ngmhw", expand, g.unflatten(1, (2, 3))).flatten(1, 2)
        ours = torch.autograd.grad(outputs, (x, layer.weight), g)
        y = x.detach().clone().requires_grad_()
        theirs = torch.autograd.grad(F.conv2d(y, r, padding=1, groups=2), (y, r), wide)
        assert torch.allclose(ours[0], theirs[0], rtol=0, atol=1e-12)
        layer.weight.grad, r.grad = ours[1], theirs[1]
        optimiser.step()
        wiring.advance(learning_rate=0.05, momentum=0.9, weight_decay=0.1)
    assert torch.allclose(layer.feedback(), product(expand, r.detach()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_feedback_equals_product_under_each_momentum(
    options: dict[str, Any], generator: torch.Generator
) -> None:
    rule = ProductFeedback(expansion=4)
    layer = RuleLinear(6, 5, bias=False, rule=rule).double()
    wiring = connect(layer, seed=2)
    expand = rule.expand(layer)
    r = nn.Parameter(first_r(layer, rule).clone())
    optimiser = torch.optim.SGD([layer.weight, r], lr=0.05, weight_decay=0.1, **options)
    for step in range(100):
        rate = 0.05 / (1 + step % 7)
        optimiser.param_groups[0]["lr"] = rate
        layer.weight.grad = torch.randn(5, 6, dtype=torch.float64, generator=generator)
        r.grad = expand[0].t() @ layer.weight.grad
        optimiser.step()
        wiring.advance(learning_rate=rate, weight_decay=0.1, **options)
    assert torch.allclose(layer.feedback(), product(expand, r.detach()), rtol=0, atol=1e-12)


def test_identity_expansion_equals_kolen_pollack(monkeypatch: pytest.MonkeyPatch) -> None:
    def identity(_: ProductFeedback, __: AbstractRuleLayer) -> Tensor:
        return torch.eye(5, dtype=torch.float64)[None]

    monkeypatch.setattr(ProductFeedback, "expand", identity)
    layers = [RuleLinear(6, 5, rule=rule).double() for rule in (ProductFeedback(), KolenPollack())]
    layers[1].load_state_dict(layers[0].state_dict())
    for layer in layers:
        wiring = connect(layer, seed=2)
        with torch.no_grad():
            layer.weight += 1.0
        wiring.advance(learning_rate=0.5, weight_decay=0.1)
    assert torch.allclose(layers[0].feedback(), layers[1].feedback(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("expansion", [1, 10, 1000])
def test_error_of_converged_product_shrinks_with_expansion(
    expansion: int,
) -> None:
    layer = RuleLinear(30, 20, rule=ProductFeedback(expansion=expansion)).double()
    connect(layer, seed=2).advance(learning_rate=1.0, weight_decay=1.0)
    weight = layer.weight.detach()
    error = (layer.feedback() - weight).norm() / weight.norm()
    # each of the 20 x 20 entries of B B^T - 1 has variance 1 / width
    assert float(error) == pytest.approx(expansion**-0.5, rel=0.3)


def test_neither_matrix_resembles_weight_but_product_does() -> None:
    rule = ProductFeedback()
    layer = RuleLinear(200, 20, rule=rule).double()
    connect(layer, seed=2).advance(learning_rate=1.0, weight_decay=1.0)
    weight = layer.weight.detach()
    r = rule.expand(layer)[0].t() @ weight
    cosines = [float((rows * weight).sum() / rows.norm() / weight.norm()) for rows in r.split(20)]
    assert max(map(abs, cosines)) < 0.2
    v = layer.feedback()
    assert float((v * weight).sum() / v.norm() / weight.norm()) > 0.9


def test_expansion_has_published_scale() -> None:
    """Xavier with gain sqrt((1 + 1 / r) / 2), which equals 1 / sqrt(width)."""
    expand = ProductFeedback(expansion=7).expand(_connected(ProductFeedback(expansion=7)))
    gain = math.sqrt((1 + 1 / 7) / 2)
    published = gain * math.sqrt(2 / (40 + 280))
    assert float(expand.std()) == pytest.approx(published, rel=0.02)
    assert abs(float(expand.mean())) < 0.002


def test_expansion_and_r_are_drawn_independently() -> None:
    rule = ProductFeedback()
    layer = _connected(rule)
    expand, r = rule.expand(layer).flatten(), first_r(layer, rule).flatten()
    count = min(len(expand), len(r))
    both = torch.stack([expand[:count], r[:count]])
    assert abs(float(torch.corrcoef(both)[0, 1])) < 0.05


def _connected(rule: ProductFeedback) -> RuleLinear:
    layer = RuleLinear(30, 40, rule=rule)
    connect(layer, seed=2)
    return layer


def test_initial_feedback_has_standard_deviation_sigma() -> None:
    layer = _connected(ProductFeedback())
    assert float(layer.feedback().std()) == pytest.approx(float(layer.sigma("initial")), rel=0.1)
    assert bio_share(layer) == 1.0


def test_missing_weight_decay_is_rejected() -> None:
    _, wiring = some_layer(ProductFeedback())
    with pytest.raises(RuleError, match="expected weight_decay > 0"):
        wiring.advance(learning_rate=0.1)


def test_zero_expansion_and_late_rule_change_are_rejected() -> None:
    with pytest.raises(RuleError, match="expansion of at least 1, got 0"):
        ProductFeedback(expansion=0)
    layer = RuleLinear(6, 5, rule=FeedbackAlignment())
    connect(layer, seed=2)
    layer.rule = ProductFeedback()
    with pytest.raises(RuleError, match="connected before it got the rule"):
        layer.feedback()
