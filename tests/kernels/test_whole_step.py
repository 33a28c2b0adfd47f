"""Oracle: the plain step. The whole training step runs on kernels, not on their references."""

import random
from typing import Any

import pytest
import torch
from torch import nn

from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.augment import frame, plan_epoch
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.networks import build
from evonas.networks.blocks import relu_convolution, separable_convolution
from evonas.networks.node import NodeOutput, run_node
from evonas.rules import RULES, connect
from evonas.rules.kernels import feedback, flat_sgd, separable
from evonas.space import load

pytest.importorskip("triton", reason="the kernels are Triton's")
pytestmark = pytest.mark.kernels


def step_of(space: str, rules: tuple[str, ...], *, has_kernels: bool) -> TrainingStep:
    data = load_search_data("digits", seed=0, num_images=10)
    shaped = load(space).resized(channels=4, cells=1).with_rules(rules)
    genome = shaped.sample(random.Random(2))
    network = build(shaped, genome, input_shape=(1, 8, 8), num_classes=10, seed=0)
    return training_step(
        network, frame(data.train, traits=data.traits), recipe=Recipe(1, batch=5),
        precision="fp32", has_kernels=has_kernels,
    )  # fmt: skip


@pytest.mark.parametrize("space", ["nas-bench-201", pytest.param("darts", marks=pytest.mark.slow)])
def test_step_on_kernels_matches_plain_step(space: str, calls: dict[Any, int]) -> None:
    rules = ("fa", "frsf", "brsf", "kp", "dfa")
    plain, ours = steps = [step_of(space, rules, has_kernels=has) for has in (False, True)]
    plan = plan_epoch(plain.images, batch=5, generator=torch.Generator().manual_seed(0))
    for step in steps:
        step.begin_epoch(plan)
        step()
    torch.testing.assert_close(ours.losses, plain.losses, rtol=1e-5, atol=0.0)
    largest = max(
        float(p.grad.abs().max()) for p in plain.descent.parameters if p.grad is not None
    )
    for one, other in zip(ours.descent.parameters, plain.descent.parameters, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-2, atol=1e-5 * largest)
    ours()  # one kernel makes all feedback from the second step on
    unused = {separable.separable_op, separable.separable_backward_op}
    for operator, count in calls.items():
        assert count or (space == "nas-bench-201" and operator in unused), operator
    assert calls[flat_sgd.sgd_op] == 2
    assert calls[feedback.refresh_op] == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_node_of_all_edge_kinds_matches_modules(dtype: torch.dtype, calls: dict[Any, int]) -> None:
    def edges() -> nn.ModuleList:
        torch.manual_seed(0)
        rule = RULES["frsf"]()
        return nn.ModuleList(
            [
                relu_convolution(6, 6, kernel=3, rule=rule),
                separable_convolution(6, kernel=3, dilation=2, repeats=2, rule=rule),
                nn.Identity(),
            ]
        )

    inputs = torch.randn(2, 6, 5, 5, generator=torch.Generator().manual_seed(1))
    sides = []
    for is_ours in (True, False):
        each = edges()
        connect(each, seed=0)
        x = inputs.clone().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            if is_ours:
                total = run_node([(edge, NodeOutput(x.to(dtype))) for edge in each]).plain
            else:
                terms = [edge(x.to(dtype)) for edge in each]
                total = terms[0] + terms[1] + terms[2]
        assert total.dtype == dtype
        total.float().square().sum().backward()
        sides.append([total.float(), x.grad, *(p.grad for p in each.parameters())])
    for one, other in zip(*sides, strict=True):
        assert one is not None
        assert other is not None
        assert one.dtype == other.dtype
        error = (one - other).norm() / other.norm()
        assert error < (1e-4 if dtype == torch.float32 else 0.1)
    assert calls[separable.separable_backward_op] == 2
