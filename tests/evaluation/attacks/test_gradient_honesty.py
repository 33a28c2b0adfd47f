"""The honesty check tells a true gradient from a false one by forward passes alone."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.gradient_honesty import gradient_honesty
from evonas.evaluation.data.images import SearchData, unit_pixels


class _Lie(torch.autograd.Function):
    """The identity, with a backward pass that multiplies by a factor."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


class Lie(nn.Module):
    """A layer that changes only the gradient."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """The identity."""
        result: Tensor = _Lie.apply(x, self.factor)
        return result


class Round(nn.Module):
    """Kills the gradient: a staircase is flat almost everywhere."""

    def forward(self, x: Tensor) -> Tensor:
        """Round to six digits."""
        return (x * 1e6).round() / 1e6


@pytest.fixture
def probe(digits: SearchData) -> tuple[Tensor, Tensor]:
    return unit_pixels(digits.validation.pixels[:16]), digits.validation.labels[:16]


def test_back_propagation_gradient_is_honest(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    assert gradient_honesty(trained, *probe, seed=0) < 1e-3


@pytest.mark.parametrize("factor", [1.5, 0.0, -1.0])
def test_honesty_of_scaled_gradient_is_distance_from_one(
    trained: nn.Module, probe: tuple[Tensor, Tensor], factor: float
) -> None:
    lying = nn.Sequential(Lie(factor), trained)
    assert gradient_honesty(lying, *probe, seed=0) == pytest.approx(abs(factor - 1), abs=1e-3)


def test_honesty_does_not_depend_on_the_logit_scale(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    loud = copy.deepcopy(trained)
    with torch.no_grad():
        for parameter in loud[-1].parameters():  # type: ignore[index]
            parameter.mul_(2.0**12)
    assert gradient_honesty(loud, *probe, seed=0) < 1e-3
    lying = nn.Sequential(Lie(1.5), loud)
    assert gradient_honesty(lying, *probe, seed=0) == pytest.approx(0.5, abs=1e-3)


def test_max_pooling_ties_are_not_flagged_as_dishonest(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    pooled = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), trained)
    assert (probe[0] == 0).float().mean() > 0.3  # the blank background of a digit
    assert gradient_honesty(pooled, *probe, seed=0) < 0.01


def test_rounding_layer_is_dishonest(trained: nn.Module, probe: tuple[Tensor, Tensor]) -> None:
    assert gradient_honesty(nn.Sequential(Round(), trained), *probe, seed=0) == pytest.approx(1.0)


def test_constant_network_is_honest(
    probe: tuple[Tensor, Tensor],
) -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.new_ones(len(x), 10)

    assert gradient_honesty(Constant(), *probe, seed=0) == 0.0


def test_network_is_unchanged_by_the_check(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    trained.train()
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    gradient_honesty(trained, *probe, seed=0)
    assert trained.training
    assert all(parameter.requires_grad for parameter in trained.parameters())
    for name, value in trained.state_dict().items():
        assert value.equal(before[name])
        assert value.dtype == before[name].dtype
