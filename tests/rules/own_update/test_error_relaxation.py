"""Oracles: the solver of states, which has the same equilibrium; the energy; autograd."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import PredictiveCoding, RuleConv2d, RuleLinear, Segment, bio_share, connect
from evonas.rules.own_update.relaxation import relax, relax_errors

PC = PredictiveCoding


def chain(rule: PredictiveCoding) -> tuple[Segment, Tensor, Tensor]:
    """Convolution, norm and tanh, grouped convolution, tanh, convolution; input and signal."""
    segment = Segment(
        RuleConv2d(2, 4, 3, padding=1, rule=rule), nn.BatchNorm2d(4), nn.Tanh(),
        RuleConv2d(4, 4, 3, padding=1, groups=2, rule=rule), nn.Tanh(),
        RuleConv2d(4, 3, 1, rule=rule),
    ).double()  # fmt: skip
    connect(segment, seed=0)
    return segment, torch.randn(3, 2, 4, 4).double(), torch.randn(3, 3, 4, 4).double()


def passed(segment: nn.Module, x: Tensor, g: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    return list(torch.autograd.grad(segment(x), (x, *segment.parameters()), g))


def miss(first: list[Tensor], second: list[Tensor]) -> float:
    return max(float((a - b).norm()) for a, b in zip(first, second, strict=True))


def with_rule(segment: Segment, rule: PredictiveCoding) -> Segment:
    twin = copy.deepcopy(segment)
    for layer in twin.layers:
        layer.rule = rule
    return twin


def test_converged_solvers_agree() -> None:
    segment, x, g = chain(PC(gamma=0.1, step=0.4, steps=500))
    errors = with_rule(segment, PC(gamma=0.1, step=0.4, steps=500, solver="errors"))
    expected = passed(segment, x, g)
    assert miss(passed(errors, x, g), expected) < 1e-10
    early = with_rule(segment, PC(gamma=0.1, step=0.4, steps=2, solver="errors"))
    assert miss(passed(early, x, g), expected) > 1e-3


def test_energy_gradient_vanishes_at_convergence() -> None:
    segment, x, g = chain(PC())
    segment.layers[0].connected.exact = True
    stages = [nn.Sequential(*stage) for stage in segment.stages]
    forward = [x]
    for stage in stages[:-1]:
        forward.append(stage(forward[-1]).detach())
    settled = relax_errors(stages, forward, g, gamma=0.3, step=0.3, steps=300, is_held=False)
    v = [value.detach().requires_grad_() for value in settled]
    energy = (v[0] - x).square().sum() / 2 + 0.3 * (g * stages[-1](v[-1])).sum()
    for lower, stage, upper in zip(v, stages, v[1:], strict=False):
        energy = energy + (upper - stage(lower)).square().sum() / 2
    slopes = torch.autograd.grad(energy, v)
    assert max(float(slope.abs().max()) for slope in slopes) < 1e-10


def test_sweeps_descend_energy_of_errors() -> None:
    segment, x, g = chain(PC())
    segment.layers[0].connected.exact = True
    first, second, third = (nn.Sequential(*stage) for stage in segment.stages)
    forward = [x, first(x).detach(), second(first(x)).detach()]
    e = [torch.zeros_like(value) for value in forward]
    for _ in range(3):
        e = [error.detach().requires_grad_() for error in e]
        outputs = third(second(first(x + e[0]) + e[1]) + e[2])
        energy = 0.2 * (g * outputs).sum()
        for error in e:
            energy = energy + error.square().sum() / 2
        slopes = torch.autograd.grad(energy, e)
        e = [error - 0.4 * slope for error, slope in zip(e, slopes, strict=True)]
    v0 = x + e[0]
    v1 = first(v0) + e[1]
    expected = [v0, v1, second(v1) + e[2]]
    first_sweeps = relax_errors(
        (first, second, third), forward, g, gamma=0.2, step=0.4, steps=3, is_held=False
    )
    for found, value in zip(first_sweeps, expected, strict=True):
        assert torch.allclose(found, value, rtol=0, atol=1e-12)


def test_whole_step_with_vanishing_nudge_equals_backprop() -> None:
    segment, x, g = chain(PC(gamma=1e-7, step=1.0, steps=1, solver="errors"))
    found = passed(segment, x, g)
    segment.layers[0].connected.exact = True
    assert miss(found, passed(segment, x, g)) < 1e-4


def test_first_error_sweep_reaches_input_undiminished() -> None:
    """States would move only by step^depth of it; errors were invented to avoid this."""
    layers = [RuleLinear(4, 4, bias=False, rule=PC()).double() for _ in range(4)]
    for layer in layers:
        nn.init.eye_(layer.weight)
    stages: list[Any] = [layer.run_exactly for layer in layers]
    x, g = torch.zeros(1, 4).double(), torch.ones(1, 4).double()
    options = {"gamma": 1.0, "step": 0.1, "steps": 1, "is_held": False}
    states = relax(stages, [x] * 4, g, **options)  # type: ignore[arg-type]
    errors = relax_errors(stages, [x] * 4, g, **options)  # type: ignore[arg-type]
    assert torch.allclose(states[0], -(0.1**4) * g)
    assert torch.allclose(errors[0], -0.1 * g)


def test_held_images_have_no_error() -> None:
    segment, x, g = chain(PC(gamma=0.2, step=0.3, steps=400))
    twin = with_rule(segment, PC(gamma=0.2, step=0.3, steps=400, solver="errors"))
    learnt = [
        list(torch.autograd.grad(each(x), list(each.parameters()), g)) for each in (segment, twin)
    ]
    assert miss(*learnt) < 1e-10


@pytest.mark.parametrize("steps", [1, 4])
def test_solvers_agree_for_single_layer(steps: int) -> None:
    layers = [
        RuleLinear(5, 4, rule=PC(gamma=0.3, step=0.6, steps=steps, solver=solver)).double()
        for solver in ("states", "errors")
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x, g = torch.randn(6, 5).double(), torch.randn(6, 4).double()
    found = []
    for layer in layers:
        segment = Segment(layer)
        connect(segment, seed=0)
        found.append(passed(segment, x, g))
    assert miss(*found) < 1e-12


def test_error_solver_counts_as_weight_transport() -> None:
    assert PC(send="fa").transported == "nothing"
    assert PC(send="fa", solver="errors").transported == "weights"
    assert bio_share(RuleLinear(3, 2, rule=PC(send="fa", solver="errors"))) == 0.0


def test_unknown_solver_is_rejected() -> None:
    with pytest.raises(RuleError, match="solver to be one of states, errors, got 'energy'"):
        PC(solver="energy")  # type: ignore[arg-type]
