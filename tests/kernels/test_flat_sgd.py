"""Oracles: torch.optim.SGD with one parameter group per segment; torch's checks of an operator."""

from collections.abc import Callable
from typing import cast

import pytest
import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels import ParameterSegment, parameter_table, sgd_step
from evonas.rules.kernels.flat_sgd import reference, sgd_op

SEGMENTS = [
    ParameterSegment(0, 1030, 1.0, momentum=0.9, weight_decay=5e-4),  # more than a block
    ParameterSegment(1030, 0, 7.0),  # empty
    ParameterSegment(1035, 6, 0.2),  # as for a rule with its own update: no momentum, no decay
    ParameterSegment(1041, 100, 1.0, momentum=0.5, weight_decay=0.1, candidate=1),
]
TOTAL = 1150
Step = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, bool], None]


@pytest.fixture(params=["reference", pytest.param("kernel", marks=pytest.mark.kernels)])
def step(request: pytest.FixtureRequest) -> Step:
    """The reference and the kernel in turn."""
    if request.param == "reference":
        return cast(Step, reference)
    pytest.importorskip("triton", reason="the kernels are Triton's")
    from evonas.rules.kernels.device.flat_sgd import step as launched

    return launched


@pytest.mark.parametrize("nesterov", [True, False])
def test_three_steps_match_torch_sgd(
    step: Step, nesterov: bool, device: torch.device, generator: torch.Generator
) -> None:
    start = torch.randn(TOTAL, generator=generator)
    rates = torch.tensor([0.1, 0.025])
    parts = [torch.nn.Parameter(start[s.begin : s.begin + s.count].clone()) for s in SEGMENTS]
    optimiser = torch.optim.SGD(
        [
            {
                "params": [part],
                "lr": float(rates[s.candidate]) * s.rate_ratio,
                "momentum": s.momentum,
                "weight_decay": s.weight_decay,
                "nesterov": nesterov and s.momentum > 0.0,
            }
            for part, s in zip(parts, SEGMENTS, strict=True)
        ],
        lr=1.0,
    )
    place = device if step is not reference else torch.device("cpu")
    parameters, velocities = start.clone().to(place), torch.zeros(TOTAL, device=place)
    table = parameter_table(SEGMENTS, device=place)
    for share in (1.0, 0.5, 0.1):  # a schedule
        gradients = torch.randn(TOTAL, generator=generator)
        step(
            parameters, velocities, gradients.to(place), table.segments, table.settings,
            table.blocks, (rates * share).to(place), nesterov,
        )  # fmt: skip
        for group, part, s in zip(optimiser.param_groups, parts, SEGMENTS, strict=True):
            group["lr"] = float(rates[s.candidate]) * share * s.rate_ratio
            part.grad = gradients[s.begin : s.begin + s.count].clone()
        optimiser.step()
    expected = start.clone()
    for part, s in zip(parts, SEGMENTS, strict=True):
        expected[s.begin : s.begin + s.count] = part.detach()
    # each of the three steps rounds at most a few times
    torch.testing.assert_close(parameters.cpu(), expected, rtol=1e-6, atol=1e-6)
    assert not torch.equal(expected, start)
    assert torch.equal(parameters.cpu()[1030:1035], start[1030:1035])


def test_bfloat16_gradients_are_accepted(
    step: Step, device: torch.device, generator: torch.Generator
) -> None:
    place = device if step is not reference else torch.device("cpu")
    gradients = torch.randn(5, generator=generator).bfloat16().to(place)
    table = parameter_table([ParameterSegment(0, 5, 2.0)], device=place)
    parameters, velocities = torch.zeros(5, device=place), torch.zeros(5, device=place)
    step(
        parameters, velocities, gradients, table.segments, table.settings, table.blocks,
        torch.tensor([0.25], device=place), False,
    )  # fmt: skip
    assert torch.equal(parameters, -0.5 * gradients.float())


def test_operator_passes_torch_opcheck() -> None:
    table = parameter_table(SEGMENTS)
    tensors = [torch.randn(TOTAL) for _ in range(3)]
    torch.library.opcheck(
        sgd_op, (*tensors, table.segments, table.settings, table.blocks, torch.ones(2), True)
    )


def test_tensors_of_unequal_size_are_rejected() -> None:
    with pytest.raises(RuleError, match=r"one size, got \(3,\), \(3,\), \(4,\)"):
        sgd_step(
            torch.ones(3),
            torch.ones(3),
            torch.ones(4),
            parameter_table([]),
            rates=torch.ones(1),
            nesterov=False,
        )
