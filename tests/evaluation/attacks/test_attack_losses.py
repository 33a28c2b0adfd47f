"""The attack losses are their formulas, written out one image at a time in float64."""

import math

import pytest
import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.attack_losses import ATTACK_LOSSES, ce_scaled, dlr

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(40, 6, generator=GENERATOR, dtype=torch.float64) * 4
LABELS = torch.randint(6, (40,), generator=GENERATOR)


def literal_ce(z: list[float], y: int) -> float:
    return -math.log(math.exp(z[y]) / sum(math.exp(value) for value in z))


def literal_ce_scaled(z: list[float], y: int) -> float:
    largest = max(abs(value) for value in z)
    return literal_ce([5 * value / largest for value in z], y)


def literal_dlr(z: list[float], y: int) -> float:
    first, _, third = sorted(z, reverse=True)[:3]
    rival = max(value for j, value in enumerate(z) if j != y)
    return -(z[y] - rival) / (first - third + 1e-12)


@pytest.mark.parametrize("literal", [literal_ce, literal_ce_scaled, literal_dlr])
def test_a_loss_is_its_formula(literal) -> None:  # type: ignore[no-untyped-def]
    loss = ATTACK_LOSSES[literal.__name__.removeprefix("literal_")]
    expected = [literal(z, y) for z, y in zip(LOGITS.tolist(), LABELS.tolist(), strict=True)]
    assert loss(LOGITS, LABELS).tolist() == pytest.approx(expected, rel=1e-10)


def test_the_divisor_of_ce_scaled_is_held_constant() -> None:
    logits = LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ce_scaled(logits, LABELS).sum(), logits)
    scale = 5 / LOGITS.abs().amax(1, keepdim=True)
    one_hot = torch.nn.functional.one_hot(LABELS, 6)
    assert torch.allclose(gradient, scale * ((scale * LOGITS).softmax(1) - one_hot))


@pytest.mark.parametrize("scale", [2.0**-10, 2.0, 2.0**10])
@pytest.mark.parametrize("loss", [ce_scaled, dlr])
def test_the_scale_of_the_logits_moves_neither_ce_scaled_nor_dlr(loss, scale: float) -> None:  # type: ignore[no-untyped-def]
    logits = LOGITS.float()
    assert torch.allclose(loss(scale * logits, LABELS), loss(logits, LABELS), rtol=1e-6)


@pytest.mark.parametrize("loss", [ce_scaled, dlr])
def test_a_network_that_answers_zero_has_finite_losses(loss) -> None:  # type: ignore[no-untyped-def]
    assert loss(torch.zeros(2, 3), torch.tensor([0, 2])).isfinite().all()


@pytest.mark.parametrize("name", sorted(ATTACK_LOSSES))
def test_half_precision_logits_are_computed_in_single_precision(name: str) -> None:
    logits: Tensor = LOGITS.half()
    loss = ATTACK_LOSSES[name]
    assert loss(logits, LABELS).dtype == torch.float32
    assert loss(logits, LABELS).equal(loss(logits.float(), LABELS))


def test_dlr_refuses_two_classes() -> None:
    with pytest.raises(ConfigError, match="at least 3 classes, got 2"):
        dlr(torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64))
