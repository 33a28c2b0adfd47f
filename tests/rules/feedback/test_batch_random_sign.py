"""Batchwise random magnitudes depend on the optimiser step and on nothing else."""

import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from evonas.rules import BatchRandomSign, FixedRandomSign, RuleConv2d, Wiring, connect


def connected(*, seed: int = 0, width: int = 4) -> tuple[RuleConv2d, Wiring]:
    layer = RuleConv2d(width, width, 3, padding=1, rule=BatchRandomSign())
    return layer, connect(layer, seed=seed)


def test_magnitudes_change_only_with_optimiser_steps() -> None:
    layer, wiring = connected()
    seen: list[Tensor] = []
    for _ in range(70):  # more than are drawn ahead
        seen.append(layer.feedback().abs())
        layer.eval()
        layer(torch.ones(1, 4, 6, 6, requires_grad=True)).sum().backward()  # as an attack does
        layer.train()
        assert torch.equal(layer.feedback().abs(), seen[-1])
        wiring.advance(learning_rate=0.1)
    for earlier, later in pairwise(seen):
        assert (earlier == later).sum() == 0
    assert len({tuple(magnitudes.flatten().tolist()) for magnitudes in seen}) == 70


def test_restored_step_gives_same_magnitudes_as_training() -> None:
    layer, wiring = connected()
    twin, other = connected()
    twin.load_state_dict(layer.state_dict())
    for _ in range(66):
        layer.feedback()
        wiring.advance(learning_rate=0.1)
    other.restore(wiring.state())
    assert torch.equal(layer.feedback(), twin.feedback())


def test_magnitudes_of_first_step_equal_those_of_frsf() -> None:
    layer, _ = connected(seed=8)
    fixed = RuleConv2d(4, 4, 3, rule=FixedRandomSign())
    connect(fixed, seed=8)
    assert torch.equal(layer.feedback().abs(), fixed.feedback().abs())


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpoint_recomputation_uses_same_magnitudes(
    reentrant: bool, generator: torch.Generator
) -> None:
    layer, wiring = connected()
    wiring.advance(learning_rate=0.1)
    images = torch.randn(2, 4, 6, 6, generator=generator)

    def sent(run: Callable[[Tensor], Tensor]) -> Tensor:
        x = images.clone().requires_grad_()
        run(x).square().sum().backward()
        assert x.grad is not None
        return x.grad

    recomputed = sent(lambda x: checkpoint(layer, x, use_reentrant=reentrant))
    assert torch.equal(sent(layer), recomputed)


def test_magnitudes_are_uniform_up_to_bound() -> None:
    layer, wiring = connected(width=40)
    wiring.advance(learning_rate=0.1)
    magnitudes = layer.feedback().abs().double()
    bound = math.sqrt(1 / (40 * 9))  # of torch's initial weights
    assert magnitudes.max() <= bound
    tolerance = 4 * bound / math.sqrt(12 * magnitudes.numel())
    assert abs(magnitudes.mean().item() - bound / 2) < tolerance
