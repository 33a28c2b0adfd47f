"""The attack losses; oracle: their formulas, one image at a time in float64."""

import math

import pytest
import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.attack_losses import (
    ATTACK_LOSSES,
    ce_scaled,
    defined_loss,
    dlr,
    dlr_targeted,
    kl_from_clean,
    margin,
)

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
def test_attack_loss_matches_its_formula(literal) -> None:  # type: ignore[no-untyped-def]
    loss = ATTACK_LOSSES[literal.__name__.removeprefix("literal_")]
    expected = [literal(z, y) for z, y in zip(LOGITS.tolist(), LABELS.tolist(), strict=True)]
    assert loss(LOGITS, LABELS).tolist() == pytest.approx(expected, rel=1e-10)


def test_ce_scaled_gradient_treats_the_divisor_as_constant() -> None:
    logits = LOGITS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(ce_scaled(logits, LABELS).sum(), logits)
    scale = 5 / LOGITS.abs().amax(1, keepdim=True)
    one_hot = torch.nn.functional.one_hot(LABELS, 6)
    assert torch.allclose(gradient, scale * ((scale * LOGITS).softmax(1) - one_hot))


@pytest.mark.parametrize("scale", [2.0**-10, 2.0, 2.0**10])
@pytest.mark.parametrize("loss", [ce_scaled, dlr])
def test_ce_scaled_and_dlr_ignore_the_logit_scale(loss, scale: float) -> None:  # type: ignore[no-untyped-def]
    logits = LOGITS.float()
    assert torch.allclose(loss(scale * logits, LABELS), loss(logits, LABELS), rtol=1e-6)


@pytest.mark.parametrize("loss", [ce_scaled, dlr])
def test_losses_of_zero_logits_are_finite(loss) -> None:  # type: ignore[no-untyped-def]
    assert loss(torch.zeros(2, 3), torch.tensor([0, 2])).isfinite().all()


@pytest.mark.parametrize("name", sorted(ATTACK_LOSSES))
def test_losses_of_half_precision_logits_use_float32(name: str) -> None:
    logits: Tensor = LOGITS.half()
    loss = ATTACK_LOSSES[name]
    assert loss(logits, LABELS).dtype == torch.float32
    assert loss(logits, LABELS).equal(loss(logits.float(), LABELS))


def test_dlr_rejects_two_classes() -> None:
    with pytest.raises(ConfigError, match="at least 3 classes, got 2"):
        dlr(torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64))


def test_targeted_dlr_matches_its_formula() -> None:
    targets = (LABELS + 1 + torch.arange(len(LABELS)) % 5) % 6
    expected = []
    for z, y, t in zip(LOGITS.tolist(), LABELS.tolist(), targets.tolist(), strict=True):
        first, _, third, fourth = sorted(z, reverse=True)[:4]
        expected.append(-(z[y] - z[t]) / (first - 0.5 * (third + fourth) + 1e-12))
    assert dlr_targeted(LOGITS, LABELS, targets).tolist() == pytest.approx(expected, rel=1e-10)


def test_kl_from_clean_matches_its_formula() -> None:
    clean = LOGITS.roll(1, 0)
    expected = []
    for z, c in zip(LOGITS.tolist(), clean.tolist(), strict=True):
        p = [math.exp(v) / sum(map(math.exp, c)) for v in c]
        q = [math.exp(v) / sum(map(math.exp, z)) for v in z]
        expected.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
    assert kl_from_clean(LOGITS, LABELS, clean).tolist() == pytest.approx(expected, rel=1e-9)
    assert kl_from_clean(LOGITS, LABELS, LOGITS).abs().max() == 0


def test_margin_is_positive_exactly_where_prediction_is_wrong() -> None:
    found = margin(LOGITS, LABELS)
    for z, y, value in zip(LOGITS.tolist(), LABELS.tolist(), found.tolist(), strict=True):
        assert value == pytest.approx(max(v for j, v in enumerate(z) if j != y) - z[y])
    assert (found > 0).equal(LOGITS.argmax(1) != LABELS)


def test_targeted_dlr_rejects_three_classes() -> None:
    labels = torch.zeros(4, dtype=torch.int64)
    with pytest.raises(ConfigError, match="at least 4 classes, got 3"):
        dlr_targeted(torch.zeros(4, 3), labels, labels + 1)


@pytest.mark.parametrize(
    ("loss", "num_classes", "chosen"),
    [
        ("ce", 2, "ce"),
        ("dlr", 3, "dlr"),
        ("dlr", 2, "ce_scaled"),
        ("dlr_targeted", 4, "dlr_targeted"),
        ("dlr_targeted", 3, "dlr"),
        ("dlr_targeted", 2, "ce_scaled"),
    ],
)
def test_undefined_loss_is_replaced_with_a_note(loss: str, num_classes: int, chosen: str) -> None:
    found, note = defined_loss(loss, num_classes=num_classes)
    assert found == chosen
    assert bool(note) == (loss != chosen)
    if note:
        assert note.startswith(f"{loss} needs ")
        assert note.endswith(f"{chosen} instead")
