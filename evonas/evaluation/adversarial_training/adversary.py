"""The adversaries that networks can be trained against, and their names in the settings."""

import re
from dataclasses import dataclass
from fractions import Fraction

from evonas.errors import ConfigError

STANDARD = "standard"
PGD_TRAVEL = 2.5  # number of steps times step size, in epsilons (Madry et al. 2018)
FGSM_TRAVEL = 1.25  # Wong, Rice and Kolter 2020
MAX_STEPS = 100


@dataclass(frozen=True)
class Adversary:
    """Signed gradient steps from a random start in the L-infinity ball.

    Attributes:
        num_steps: number of steps; each costs a forward and a backward pass before the training
            step.
        epsilon: radius of the ball, in units of the pixel range.
        travel: number of steps times step size, in epsilons.
        may_overfit: whether the network may learn to fool the single step instead of resisting it
            (catastrophic overfitting), so that this has to be checked.
    """

    num_steps: int
    epsilon: Fraction
    travel: float
    may_overfit: bool

    @property
    def step_size(self) -> float:
        """Size of one step, in units of the pixel range."""
        return self.travel * float(self.epsilon) / self.num_steps


def pgd_adversary(num_steps: int, *, epsilon: Fraction) -> Adversary:
    """PGD (Madry et al. 2018): steps of 2.5 epsilon / num_steps."""
    return Adversary(num_steps, epsilon, travel=PGD_TRAVEL, may_overfit=num_steps == 1)


def fgsm_adversary(*, epsilon: Fraction) -> Adversary:
    """One step of 1.25 epsilon from a random start (Wong, Rice and Kolter 2020)."""
    return Adversary(1, epsilon, travel=FGSM_TRAVEL, may_overfit=True)


def parse_training(text: str, *, epsilon: Fraction) -> Adversary | None:
    """Parse the name of a training method; None for ``standard``.

    Args:
        text: ``standard``, ``fgsm``, or ``pgd-7`` with any number of steps.
        epsilon: radius of the ball, in units of the pixel range.

    Raises:
        ConfigError: the text is none of these, or has more than 100 steps.
    """
    if text == STANDARD:
        return None
    if text == "fgsm":
        return fgsm_adversary(epsilon=epsilon)
    found = re.fullmatch(r"pgd-([1-9]\d{0,2})", text, re.ASCII)
    if found and int(found[1]) <= MAX_STEPS:
        return pgd_adversary(int(found[1]), epsilon=epsilon)
    raise ConfigError(
        f"training: expected standard, fgsm, or pgd-K with K from 1 to {MAX_STEPS} steps, such as "
        f"pgd-7, got '{text}'"
    )
