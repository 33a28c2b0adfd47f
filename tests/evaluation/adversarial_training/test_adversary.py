"""Values of ``--training``; oracle: step sizes from the papers."""

from fractions import Fraction

import pytest

from evonas.errors import ConfigError
from evonas.evaluation.adversarial_training.adversary import parse_training

EPSILON = Fraction(8, 255)


def test_pgd_step_size_matches_madry_et_al() -> None:
    """Madry et al. (2018): 7 steps of 2.5 * 8/255 / 7 at eps = 8/255."""
    adversary = parse_training("pgd-7", epsilon=EPSILON)
    assert adversary is not None
    assert adversary.num_steps == 7
    assert adversary.step_size == pytest.approx(2.5 * 8 / 255 / 7)
    assert not adversary.may_overfit


def test_fgsm_step_size_matches_wong_et_al() -> None:
    """Wong, Rice and Kolter (2020): alpha = 10/255 at eps = 8/255."""
    adversary = parse_training("fgsm", epsilon=EPSILON)
    assert adversary is not None
    assert adversary.step_size == pytest.approx(10 / 255)
    assert adversary.may_overfit


def test_standard_training_has_no_adversary() -> None:
    assert parse_training("standard", epsilon=EPSILON) is None


@pytest.mark.parametrize("text", ["pgd", "pgd-0", "pgd-101", "pgd-7.5", "PGD-7", "", "pgd-07"])
def test_unknown_training_method_is_rejected_with_allowed_values(text: str) -> None:
    with pytest.raises(ConfigError, match="expected standard, fgsm, or pgd-K") as refused:
        parse_training(text, epsilon=EPSILON)
    assert f"got '{text}'" in str(refused.value)
