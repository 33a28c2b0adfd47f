"""What ``--training`` may say, and step sizes written in the papers."""

from fractions import Fraction

import pytest

from evonas.errors import ConfigError
from evonas.evaluation.adversarial_training.adversary import parse_training

EPSILON = Fraction(8, 255)


def test_pgd_takes_steps_of_two_and_a_half_radii_over_their_number() -> None:
    """Madry et al. (2018): 7 steps of 2.5 * 8 / 7 on a ball of 8."""
    adversary = parse_training("pgd-7", epsilon=EPSILON)
    assert adversary is not None
    assert adversary.num_steps == 7
    assert adversary.step_size == pytest.approx(2.5 * 8 / 255 / 7)
    assert not adversary.may_overfit


def test_fgsm_takes_one_step_of_ten_on_a_ball_of_eight() -> None:
    """Wong, Rice and Kolter (2020): alpha = 10/255 at eps = 8/255."""
    adversary = parse_training("fgsm", epsilon=EPSILON)
    assert adversary is not None
    assert adversary.step_size == pytest.approx(10 / 255)
    assert adversary.may_overfit


def test_standard_training_has_no_adversary() -> None:
    assert parse_training("standard", epsilon=EPSILON) is None


@pytest.mark.parametrize("text", ["pgd", "pgd-0", "pgd-101", "pgd-7.5", "PGD-7", "", "pgd-07"])
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ConfigError, match="expected standard, fgsm, or pgd-K") as refused:
        parse_training(text, epsilon=EPSILON)
    assert f"got '{text}'" in str(refused.value)
