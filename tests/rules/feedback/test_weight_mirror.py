"""Oracles: Akrout's equation in loops over patterns and weights; the weight itself; ``fa``."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import (
    Backprop,
    FeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    WeightMirror,
    Wiring,
    bio_share,
    connect,
)
from evonas.rules.philox import uniform
from evonas.rules.tools.mixture import connect_mixtures

LAYERS: dict[str, dict[str, Any]] = {
    "dense": {"kernel_size": 3, "padding": 1},
    "strided": {"kernel_size": (3, 2), "stride": 2, "groups": 2},
    "depthwise": {"kernel_size": 3, "groups": 4, "dilation": 2},
    "linear": {},
}


def connected(
    rule: WeightMirror, case: str = "linear", *, seed: int = 3
) -> tuple[RuleConv2d | RuleLinear, Wiring]:
    layer: RuleConv2d | RuleLinear
    if case == "linear":
        layer = RuleLinear(5, 4, rule=rule).double()
    else:
        layer = RuleConv2d(4, 8, **LAYERS[case], rule=rule).double()
    return layer, connect(layer, seed=seed)


def cosine(first: Tensor, second: Tensor) -> float:
    return float((first * second.detach()).sum() / first.norm() / second.detach().norm())


def replica(
    feedback: Tensor, weight: Tensor, noise: Tensor, *, groups: int, rate: float
) -> Tensor:
    """B after one phase, one weight at a time; noise (groups, inputs of a unit, patterns)."""
    out, patterns = feedback.shape[0], noise.shape[2]
    moved = feedback.flatten(1).clone()
    rows = weight.detach().flatten(1)
    for unit in range(out):
        group = unit // (out // groups)
        for tap in range(rows.shape[1]):
            correlation = 0.0
            for pattern in range(patterns):
                below = noise[group, :, pattern]
                above = sum(float(w * xi) for w, xi in zip(rows[unit], below, strict=True))
                correlation += above * float(below[tap])
            moved[unit, tap] += rate * (correlation / patterns - float(moved[unit, tap]))
    return moved.view_as(feedback)


@pytest.mark.parametrize("case", sorted(LAYERS))
def test_phase_matches_paper_equation_weight_by_weight(case: str) -> None:
    layer, wiring = connected(WeightMirror(rate=0.3, noises=3), case)
    expected = layer.feedback()
    fan_in = layer.weight[0].numel()
    for step in (1, 2):
        wiring.advance(learning_rate=0.1)
        count = layer.groups * fan_in * 3
        drawn = uniform(count, seed=3, layer=0, steps=range(step, step + 1), stream=1)
        noise = 3**0.5 * drawn.view(layer.groups, fan_in, 3)
        expected = replica(expected, layer.weight, noise, groups=layer.groups, rate=0.3)
        assert torch.allclose(layer.feedback(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", sorted(LAYERS))
def test_expected_update_under_white_noise_is_the_weight(case: str) -> None:
    layer, wiring = connected(WeightMirror(rate=1.0, noises=200_000), case)
    wiring.advance(learning_rate=0.1)
    weight = layer.weight.detach()
    error = (layer.feedback() - weight).norm() / weight.norm()
    assert error < 4 * (layer.weight[0].numel() / 200_000) ** 0.5


@pytest.mark.parametrize("case", sorted(LAYERS))
def test_feedback_converges_to_frozen_weight(case: str) -> None:
    layer, wiring = connected(WeightMirror(rate=0.1, noises=64), case)
    start = cosine(layer.feedback(), layer.weight)
    means = []
    for step in range(600):
        wiring.advance(learning_rate=0.1)
        if step >= 100:
            means.append(layer.feedback())
    assert abs(start) < 0.6
    assert cosine(layer.feedback(), layer.weight) > 0.95
    mean = torch.stack(means).mean(0).detach()
    assert cosine(mean, layer.weight) > 0.999
    assert float(mean.norm() / layer.weight.detach().norm()) == pytest.approx(1.0, abs=0.02)


def test_noise_at_rest_is_what_the_rule_says_of_itself() -> None:
    assert "sqrt(rate x fan_in / (2 noises))" in WeightMirror.limits
    rate, noises, fan_in = 0.05, 32, 64
    rule = WeightMirror(rate=rate, noises=noises)
    layer = RuleLinear(fan_in, 20, bias=False, rule=rule).double()
    wiring = connect(layer, seed=0)
    weight, squares = layer.weight.detach(), []
    for step in range(600):
        wiring.advance(learning_rate=0.1)
        if step >= 200:
            squares.append(float((layer.feedback() - weight).square().sum()))
    error = (sum(squares) / len(squares) / float(weight.square().sum())) ** 0.5
    assert error == pytest.approx((rate * fan_in / (2 * noises)) ** 0.5, rel=0.1)


def test_zero_rate_mirror_is_bit_identical_to_feedback_alignment() -> None:
    twins = [nn.Sequential(*[RuleConv2d(3, 3, 3, rule=rule) for _ in range(2)])
             for rule in (WeightMirror(rate=0.0), FeedbackAlignment())]  # fmt: skip
    twins[1].load_state_dict(twins[0].state_dict())
    images = torch.randn(2, 3, 8, 8)
    sent = []
    for twin in twins:
        wiring = connect(twin, seed=1)
        for _ in range(3):
            wiring.advance(learning_rate=0.1)
        x = images.clone().requires_grad_()
        twin(x).square().sum().backward()
        sent.append(x.grad)
    assert sent[0] is not None
    assert sent[1] is not None
    assert torch.equal(sent[0], sent[1])


def test_signal_after_much_noise_matches_backprop() -> None:
    layer, wiring = connected(WeightMirror(rate=1.0, noises=400_000))
    wiring.advance(learning_rate=0.1)
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    (sent,) = torch.autograd.grad(layer(x).square().sum(), x)
    layer.rule = Backprop()
    (exact,) = torch.autograd.grad(layer(x).square().sum(), x)
    assert torch.allclose(sent, exact, atol=0.02 * float(exact.abs().max()))


def test_noise_depends_only_on_seed_layer_and_step() -> None:
    def phase(*, seed: int = 3, number: int = 0, steps: int = 1, draws: int = 0) -> Tensor:
        layer, wiring = connected(WeightMirror(), seed=seed)
        layer.number = number
        torch.rand(draws)
        for _ in range(steps):
            wiring.advance(learning_rate=0.1)
        return WeightMirror().mirrored(layer)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        first = phase()
    others = []
    for options in ({"draws": 3}, {"seed": 4}, {"number": 1}, {"steps": 2}):
        torch.manual_seed(0)
        others.append(phase(**options))
    assert torch.equal(first, others[0])
    assert not any(torch.equal(first, other) for other in others[1:])


def test_mirror_noise_differs_from_feedback_noise() -> None:
    layer, wiring = connected(WeightMirror())
    wiring.advance(learning_rate=0.1)
    like, numbers = layer.weight, {"like": layer.weight, "counts": [64]}
    mirror, feedback = (wiring.fresh_noises([0], stream=s, **numbers) for s in (1, 0))  # type: ignore[arg-type]
    assert not torch.equal(mirror, feedback)
    assert like.dtype == mirror.dtype


def test_only_optimiser_steps_change_the_mirror() -> None:
    layer, wiring = connected(WeightMirror())
    before = layer.feedback()
    for _ in range(2):
        layer(torch.randn(3, 5, dtype=torch.float64, requires_grad=True)).sum().backward()
    assert torch.equal(layer.feedback(), before)
    wiring.advance(learning_rate=0.1)
    assert not torch.equal(layer.feedback(), before)


def test_pending_backward_pass_keeps_its_feedback() -> None:
    layer, wiring = connected(WeightMirror())
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    outputs = layer(x)
    before = layer.feedback()
    wiring.advance(learning_rate=0.1)
    (sent,) = torch.autograd.grad(outputs.sum(), x)
    assert torch.allclose(sent, torch.ones(3, 4, dtype=torch.float64) @ before, atol=1e-14)


def test_mirror_transports_nothing_and_adds_no_parameter() -> None:
    layer, _ = connected(WeightMirror())
    assert WeightMirror().transported == "nothing"
    assert bio_share(layer) == 1.0
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert "kept" in layer.state_dict()


def test_mirror_in_mixture_moves_as_alone() -> None:
    alone, wiring = connected(WeightMirror())
    mixed = RuleLinear(5, 4, rule=Backprop()).double()
    mixed.load_state_dict({k: v for k, v in alone.state_dict().items() if k != "kept"})
    together, kept = connect_mixtures(mixed, [FeedbackAlignment(), WeightMirror()], seed=3)
    for each in (wiring, together):
        each.advance(learning_rate=0.1)
    moved = kept[""]["wm"]
    assert moved is not None
    assert torch.equal(moved, alone.feedback())


def test_rule_set_after_connect_is_rejected() -> None:
    layer = RuleLinear(6, 5, rule=FeedbackAlignment())
    with pytest.raises(RuleError, match="is not connected"):
        WeightMirror().feedback(layer)
    connect(layer, seed=2)
    layer.rule = WeightMirror()
    with pytest.raises(RuleError, match="connected before it got the rule"):
        layer.feedback()


@pytest.mark.parametrize("options", [{"rate": -0.1}, {"rate": 1.5}, {"noises": 0}])
def test_options_out_of_range_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="rule 'wm': expected a rate in"):
        WeightMirror(**options)


def test_each_training_step_sends_through_current_feedback() -> None:
    """Each step must refresh the feedback cache of all layers."""
    network = nn.Sequential(*[RuleLinear(5, 5, rule=WeightMirror(rate=0.3)) for _ in range(3)])
    network.double()
    wiring = connect(network, seed=1)
    for _ in range(4):
        x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
        outputs = network(x)
        g = torch.randn_like(outputs)
        (sent,) = torch.autograd.grad(outputs, x, g)
        for layer in reversed(network):
            assert isinstance(layer, RuleLinear)
            g = g @ layer.feedback()
        assert torch.allclose(sent, g, rtol=0, atol=1e-12)
        wiring.advance(learning_rate=0.1)
