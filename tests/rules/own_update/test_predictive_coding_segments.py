"""Oracles: the energy function, linear algebra, the closed form of a layer, autograd."""

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import PredictiveCoding, RuleConv2d, RuleLinear, Segment, connect, true_gradient
from evonas.rules.own_update.relaxation import relax

PC = PredictiveCoding


def separable(rule: PredictiveCoding) -> tuple[Segment, Tensor, Tensor]:
    """Twice ReLU, depthwise, pointwise, normalisation, in train mode; input and signal."""
    made: list[nn.Module] = []
    for stride in (2, 1):
        made += [
            nn.ReLU(),
            RuleConv2d(4, 4, 3, stride, padding=1, groups=4, bias=False, rule=rule),
            RuleConv2d(4, 4, 1, rule=rule),
            nn.BatchNorm2d(4),
        ]
    segment = Segment(*made).double()
    connect(segment, seed=0)
    return segment, torch.randn(3, 4, 6, 6).double(), torch.randn(3, 4, 3, 3).double()


def perceptron(rule: PredictiveCoding, *between: nn.Module) -> tuple[Segment, Tensor, Tensor]:
    """Three linear layers with ``between`` before each."""
    widths = [5, 4, 3, 2]
    made: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        made += [*between, RuleLinear(wide, narrow, bias=False, rule=rule)]
    segment = Segment(*made).double()
    connect(segment, seed=0)
    return segment, torch.randn(6, 5).double(), torch.randn(6, 2).double()


def passed(segment: nn.Sequential, x: Tensor, g: Tensor) -> list[Tensor]:
    """The sent signal, then the gradient of every parameter."""
    x = x.detach().requires_grad_()
    return list(torch.autograd.grad(segment(x), (x, *segment.parameters()), g))


def truly_passed(segment: nn.Sequential, x: Tensor, g: Tensor) -> list[Tensor]:
    with true_gradient(segment):
        return passed(segment, x, g)


def check_close(found: Sequence[Tensor], expected: Sequence[Tensor], *, atol: float) -> None:
    for ours, truth in zip(found, expected, strict=True):
        assert torch.allclose(ours, truth, rtol=0, atol=atol)


def literal_stages(segment: Segment) -> list[Any]:
    """The stages of a segment, run and differentiated by plain torch."""
    twin = copy.deepcopy(segment)
    for layer in twin.layers:
        layer.connected.exact = True
    return [nn.Sequential(*stage) for stage in twin.stages]


def energy(stages: list[Any], v: list[Tensor], x: Tensor, nudge: Tensor) -> Tensor:
    total: Tensor = (v[0] - x).square().sum() / 2 + (nudge * stages[-1](v[-1])).sum()
    for lower, stage, upper in zip(v, stages, v[1:], strict=False):
        total = total + (upper - stage(lower)).square().sum() / 2
    return total


def test_values_descend_energy_and_stages_learn_from_local_errors() -> None:
    gamma, eta = 0.3, 0.4
    segment, x, g = separable(PC(gamma=gamma, step=eta, steps=3))
    found = passed(segment, x, g)

    stages, nudge = literal_stages(segment), gamma * 3 * g
    v = [x]
    for stage in stages[:-1]:
        v.append(stage(v[-1]).detach())
    heights = []
    for _ in range(3):
        for at in reversed(range(4)):
            v = [value.detach().requires_grad_() for value in v]
            (slope,) = torch.autograd.grad(energy(stages, v, x, nudge), v[at])
            v[at] = (v[at] - eta * slope).detach()
        heights.append(float(energy(stages, v, x, nudge).detach()))
    assert heights == sorted(heights, reverse=True)
    parameters = [p for stage in stages for p in stage.parameters()]
    learnt = torch.autograd.grad(energy(stages, v, x, nudge) / (gamma * 3), parameters)
    check_close(found, [(x - v[0]) / (gamma * 3), *learnt], atol=1e-12)


def test_linear_layers_converge_to_solution_of_equilibrium_equations() -> None:
    gamma = 0.2
    distances = []
    for steps in (1, 4, 16, 300):
        segment, x, g = perceptron(PC(gamma=gamma, step=0.3, steps=steps))
        a, b, c = (layer.weight.detach() for layer in segment.layers)
        # the three slopes of the energy at zero, for one image: M (v0, v1, v2) = rhs
        eye = torch.eye
        matrix = torch.zeros(12, 12, dtype=torch.float64)
        matrix[:5, :5], matrix[:5, 5:9] = eye(5) + a.t() @ a, -a.t()
        matrix[5:9, :5], matrix[5:9, 5:9], matrix[5:9, 9:] = -a, eye(4) + b.t() @ b, -b.t()
        matrix[9:, 5:9], matrix[9:, 9:] = -b, eye(3)
        wishes = gamma * 6 * g @ c
        rhs = torch.cat([x, torch.zeros(6, 4).double(), -wishes], dim=1)
        v0, v1, v2 = torch.linalg.solve(matrix, rhs.t()).t().split([5, 4, 3], dim=1)
        share = 1 / (gamma * 6)
        expected = [
            share * (x - v0),
            share * (v0 @ a.t() - v1).t() @ v0,
            share * (v1 @ b.t() - v2).t() @ v1,
            g.t() @ v2,
        ]
        found = passed(segment, x, g)
        distances.append(max(float((f - e).norm()) for f, e in zip(found, expected, strict=True)))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-10


@pytest.mark.parametrize("steps", [1, 3])
def test_segment_of_one_linear_layer_matches_closed_form(steps: int) -> None:
    rule = PC(gamma=0.3, step=0.6, steps=steps)
    layer = RuleLinear(5, 4, bias=False, rule=rule).double()
    x, g = torch.randn(6, 5).double(), torch.randn(6, 4).double()
    segment = Segment(layer)
    connect(segment, seed=0)
    expected = passed(nn.Sequential(layer), x, g)
    check_close(passed(segment, x, g), expected, atol=1e-12)


def test_limit_of_vanishing_gamma_is_backprop_with_normalisation() -> None:
    misses = []
    for gamma in (1e-7, 1e-5):
        with torch.random.fork_rng():
            torch.manual_seed(0)  # the same network and images for both
            segment, x, g = separable(PC(gamma=gamma, step=1.0, steps=5))
        found, truth = passed(segment, x, g), truly_passed(segment, x, g)
        misses.append(
            max(
                float((f - t).norm() / t.norm().clamp_min(1.0))
                for f, t in zip(found, truth, strict=True)
            )
        )
    assert misses[0] < 2e-4
    assert misses[1] / misses[0] == pytest.approx(100, rel=0.02)  # linear in gamma


def test_one_whole_step_moves_values_by_true_gradient() -> None:
    """In the first sweep from the forward values, for any gamma (Song et al. 2020)."""
    segment, x, g = perceptron(PC(), nn.Tanh())
    stages = literal_stages(segment)
    values = [x]
    for stage in stages[:-1]:
        values.append(stage(values[-1]).detach())
    moved = relax(stages, values, g, gamma=0.7, step=1.0, steps=1, is_held=False)
    for at, value in enumerate(values):
        leaf = value.clone().requires_grad_()
        top = nn.Sequential(*stages[at:])(leaf)
        (gradient,) = torch.autograd.grad(top, leaf, g)
        assert torch.allclose(value - moved[at], 0.7 * gradient, rtol=0, atol=1e-12)


def test_fixed_predictions_give_backprop() -> None:
    """The published limit (Millidge et al. 2020): computed here, not a rule of evonas."""
    segment, x, g = perceptron(PC(), nn.Tanh())
    stages = literal_stages(segment)
    values = [x]
    for stage in stages:
        values.append(stage(values[-1]).detach())
    errors = [torch.zeros_like(value) for value in values]
    errors[-1] = -g
    for _ in range(len(stages)):  # eta = 1, n = depth; predictions and slopes of the forward pass
        pulls = []
        for at, stage in enumerate(stages):
            leaf = values[at].clone().requires_grad_()
            pulls.append(torch.autograd.grad(stage(leaf), leaf, errors[at + 1])[0])
        errors[:-1] = [
            error + 1.0 * (pull - error) for error, pull in zip(errors, pulls, strict=False)
        ]
    expected = truly_passed(segment, x, g)
    learnt = [
        torch.autograd.grad(stage(value), list(stage.parameters()), -error)[0]
        for stage, value, error in zip(stages, values, errors[1:], strict=False)
    ]
    check_close([-errors[0], *learnt], expected, atol=1e-12)


def test_images_are_held_fixed() -> None:
    gamma = 0.4
    segment, x, g = perceptron(PC(gamma=gamma, step=1.0, steps=1))
    learnt = torch.autograd.grad(segment(x), list(segment.parameters()), g)
    a, b, c = (layer.weight.detach() for layer in segment.layers)
    each = gamma * 6 * g
    first, second = x @ a.t(), x @ a.t() @ b.t()
    v2 = second - each @ c
    v1 = first + (v2 - second) @ b
    expected = [
        (first - v1).t() @ x / (gamma * 6), (v1 @ b.t() - v2).t() @ v1 / (gamma * 6), g.t() @ v2
    ]  # fmt: skip
    check_close(learnt, expected, atol=1e-12)


def test_running_statistics_equal_those_of_one_forward_pass() -> None:
    segment, x, g = separable(PC(steps=5))
    twin = copy.deepcopy(segment)
    passed(segment, x, g)
    truly_passed(twin, x, g)
    for (name, ours), theirs in zip(segment.named_buffers(), twin.buffers(), strict=True):
        assert torch.equal(ours, theirs), name


def test_evaluation_mode_freezes_weights_and_still_relaxes_signal() -> None:
    segment, x, g = separable(PC(gamma=0.5))
    segment.eval()
    x.requires_grad_()
    segment(x).backward(g)
    assert all(layer.weight.grad is None for layer in segment.layers)
    assert x.grad is not None
    assert not torch.allclose(x.grad, truly_passed(segment, x, g)[0], atol=1e-3)


def test_send_option_chooses_feedback_tensor() -> None:
    for send, sign in (("bp", 1.0), ("none", 0.0)):
        segment, x, g = separable(PC(send=send, gamma=1e-8, step=1.0, steps=5))  # type: ignore[arg-type]
        check_close(passed(segment, x, g)[:1], [sign * truly_passed(segment, x, g)[0]], atol=1e-4)
    usf, x, g = perceptron(PC(send="usf", gamma=1e-8, step=1.0, steps=5))
    c, b, a = (PC(send="usf")._tensor(layer) for layer in reversed(usf.layers))
    check_close(passed(usf, x, g)[:1], [g @ c @ b @ a], atol=1e-6)


@pytest.mark.parametrize("options", [{"gamma": 0.0}, {"step": 2.0}, {"steps": 0}])
def test_options_out_of_range_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="expected gamma above 0, step below 2"):
        PC(**options)
