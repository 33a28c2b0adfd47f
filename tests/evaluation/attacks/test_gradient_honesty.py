"""The check tells a true gradient from any other by the forward pass alone."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.gradient_honesty import gradient_honesty
from evonas.evaluation.data.images import SearchData, unit_pixels


class _Lie(torch.autograd.Function):
    """The identity, whose backward pass multiplies by something."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


class Lie(nn.Module):
    """A layer that changes nothing but what is sent back."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """The same."""
        result: Tensor = _Lie.apply(x, self.factor)
        return result


class Round(nn.Module):
    """Kills the gradient: a staircase is flat almost everywhere."""

    def forward(self, x: Tensor) -> Tensor:
        """To six digits."""
        return (x * 1e6).round() / 1e6


@pytest.fixture
def probe(digits: SearchData) -> tuple[Tensor, Tensor]:
    return unit_pixels(digits.validation.pixels[:16]), digits.validation.labels[:16]


def test_back_propagation_is_honest(trained: nn.Module, probe: tuple[Tensor, Tensor]) -> None:
    assert gradient_honesty(trained, *probe, seed=0) < 1e-3


@pytest.mark.parametrize("factor", [1.5, 0.0, -1.0])
def test_a_gradient_scaled_by_a_factor_is_wrong_by_its_distance_from_one(
    trained: nn.Module, probe: tuple[Tensor, Tensor], factor: float
) -> None:
    lying = nn.Sequential(Lie(factor), trained)
    assert gradient_honesty(lying, *probe, seed=0) == pytest.approx(abs(factor - 1), abs=1e-3)


def test_the_size_of_the_logits_does_not_move_the_verdict(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    loud = copy.deepcopy(trained)
    with torch.no_grad():
        for parameter in loud[-1].parameters():  # type: ignore[index]
            parameter.mul_(2.0**12)
    assert gradient_honesty(loud, *probe, seed=0) < 1e-3
    lying = nn.Sequential(Lie(1.5), loud)
    assert gradient_honesty(lying, *probe, seed=0) == pytest.approx(0.5, abs=1e-3)


def test_equal_neighbours_that_tie_in_a_max_pooling_are_no_lie(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    pooled = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), trained)
    assert (probe[0] == 0).float().mean() > 0.3  # the paper around a digit
    assert gradient_honesty(pooled, *probe, seed=0) < 0.01


def test_a_staircase_that_hides_its_slope_is_found_out(
    trained: nn.Module, probe: tuple[Tensor, Tensor]
) -> None:
    assert gradient_honesty(nn.Sequential(Round(), trained), *probe, seed=0) == pytest.approx(1.0)


def test_a_constant_network_is_honest_about_having_no_gradient(
    probe: tuple[Tensor, Tensor],
) -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.new_ones(len(x), 10)

    assert gradient_honesty(Constant(), *probe, seed=0) == 0.0


def test_the_network_itself_is_left_as_it_was(
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
