"""Oracle: Kolen and Pollack's two matrices, trained by torch's optimisers."""

import math

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import FeedbackAlignment, KolenPollack, RuleLinear, connect

OPTIMISERS = {  # name: class, options for torch, options for the wiring
    "sgd": (torch.optim.SGD, {}, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, {"momentum": 0.9}),
    "nesterov": (
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True},
        {"momentum": 0.9, "nesterov": True},
    ),
    "adamw": (torch.optim.AdamW, {}, {}),
}


def angle_degrees(first: Tensor, second: Tensor) -> float:
    return math.degrees(torch.acos((first * second).sum() / first.norm() / second.norm()).item())


@pytest.mark.parametrize("name", sorted(OPTIMISERS))
def test_feedback_equals_second_matrix_trained_alike(
    name: str, generator: torch.Generator
) -> None:
    optimiser_class, for_torch, for_wiring = OPTIMISERS[name]
    layer = RuleLinear(6, 5, bias=False, rule=KolenPollack()).double()
    wiring = connect(layer, seed=2)
    B = nn.Parameter(layer.feedback().clone())
    start_degrees = angle_degrees(layer.weight.detach(), B.detach())
    optimiser = optimiser_class([layer.weight, B], lr=0.05, weight_decay=0.1, **for_torch)
    for step in range(200):
        learning_rate = 0.05 / (1 + step % 7)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate
        layer.weight.grad = torch.randn(5, 6, dtype=torch.float64, generator=generator)
        B.grad = layer.weight.grad.clone()
        optimiser.step()
        wiring.advance(learning_rate=learning_rate, weight_decay=0.1, **for_wiring)  # type: ignore[arg-type]
        assert torch.allclose(layer.feedback(), B.detach(), rtol=0, atol=1e-12)
    assert angle_degrees(layer.weight.detach(), B.detach()) < start_degrees
    assert wiring.decay < 0.9


def test_feedback_before_first_step_equals_feedback_alignment() -> None:
    layer, fixed = (
        RuleLinear(6, 5, rule=KolenPollack()),
        RuleLinear(6, 5, rule=FeedbackAlignment()),
    )
    connect(layer, seed=2)
    connect(fixed, seed=2)
    assert torch.allclose(layer.feedback(), fixed.feedback(), rtol=0, atol=1e-7)


def test_feedback_equals_weight_after_difference_decays() -> None:
    layer = RuleLinear(6, 5, rule=KolenPollack())
    wiring = connect(layer, seed=2)
    wiring.advance(learning_rate=1.0, weight_decay=1.0)
    assert torch.equal(layer.feedback(), layer.weight)


@pytest.mark.parametrize("weight_decay", [0.0, -1e-3, math.nan])
def test_missing_weight_decay_is_rejected(weight_decay: float) -> None:
    layer = RuleLinear(6, 5, rule=KolenPollack())
    wiring = connect(layer, seed=2)
    with pytest.raises(RuleError, match=r"rule 'kp' .* expected weight_decay > 0, got"):
        wiring.advance(learning_rate=0.1, weight_decay=weight_decay)
    assert wiring.step == 0


def test_rule_set_after_connect_is_rejected() -> None:
    layer = RuleLinear(6, 5, rule=FeedbackAlignment())
    connect(layer, seed=2)
    layer.rule = KolenPollack()
    with pytest.raises(RuleError, match="connected before it got the rule"):
        layer.feedback()


def test_restored_wiring_continues_with_equal_feedback() -> None:
    layer, twin = RuleLinear(6, 5, rule=KolenPollack()), RuleLinear(6, 5, rule=KolenPollack())
    twin.load_state_dict(layer.state_dict())
    wiring, other = connect(layer, seed=2), connect(twin, seed=2)
    settings = {"learning_rate": 0.1, "weight_decay": 0.1, "momentum": 0.9}
    for _ in range(5):
        wiring.advance(**settings)  # type: ignore[arg-type]
    other.restore(wiring.state())
    wiring.advance(**settings)  # type: ignore[arg-type]
    other.advance(**settings)  # type: ignore[arg-type]
    assert torch.equal(layer.feedback(), twin.feedback())
