"""Worst case over a level of attacks, each run only on the images that survived so far."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from torch import Tensor, nn

from evonas.errors import DataError
from evonas.evaluation.attacks.suite import NamedAttack, run_attack
from evonas.evaluation.attacks.under_attack import GradientKind
from evonas.evaluation.data.images import Images


@final
@dataclass(frozen=True)
class LevelResult:
    """Accuracy of a network under a series of attacks.

    Attributes:
        robust: bool, (N,), on the CPU: right on the clean image and under every attack.
        clean: share of the images classified correctly without attack.
        after: share still correct after each attack and those before it, in the order of attacks.
        seconds: duration of each attack.
        notes: deviations from the published attacks, for those that have any.
    """

    robust: Tensor
    clean: float
    after: dict[str, float]
    seconds: dict[str, float]
    notes: dict[str, str]

    @property
    def value(self) -> float:
        """Share of the images that stayed correct."""
        return float(self.robust.float().mean())


def run_level(
    network: nn.Module,
    images: Images,
    attacks: Sequence[NamedAttack],
    *,
    epsilon: Fraction | float,
    seed: int,
    batch_size: int = 256,
    gradient: GradientKind = "true",
    on_attack: Callable[[NamedAttack], None] | None = None,
) -> LevelResult:
    """Run attacks one after the other, each on the images that all previous ones left correct.

    This is the cheapest way to the worst case. The verdict on each image equals that of
    ``worst_case`` over full runs, since an image's random numbers do not depend on the other
    images. The success rate of a single attack is not known afterwards.

    Arguments and errors are those of ``run_attack``; ``on_attack`` is called after each.

    Raises:
        DataError: there are no attacks.
    """
    if not attacks:
        raise DataError("level of attacks: expected at least one attack, got none")
    left: Tensor | None = None  # positions, on the CPU
    robust = images.labels.new_zeros(len(images)).bool().cpu()
    clean = 0.0
    after: dict[str, float] = {}
    seconds: dict[str, float] = {}
    notes: dict[str, str] = {}
    for attack in attacks:
        began = time.perf_counter()
        if left is None or len(left):
            result = run_attack(
                network, images if left is None else images.subset(left), attack, epsilon=epsilon,
                seed=seed, batch_size=batch_size, gradient=gradient, positions=left,
            )  # fmt: skip
            stays = (result.robust & result.correct).cpu()
            if left is None:
                clean = float(result.correct.float().mean())
                left = stays.nonzero().squeeze(1)
            else:
                left = left[stays]
            if result.note:
                notes[attack.name] = result.note
        after[attack.name] = len(left) / len(images)
        seconds[attack.name] = time.perf_counter() - began
        if on_attack is not None:
            on_attack(attack)
    robust[left] = True
    return LevelResult(robust, clean, after, seconds, notes)
