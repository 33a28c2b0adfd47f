"""Outcome of one attack for each image; does not import torch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import sqrt
from typing import Any, final

from evonas.evaluation.share_error import share_error

QUANTILE = 1.96  # quantile of the normal distribution for a 95 % interval


@final
@dataclass(frozen=True)
class Outcome:
    """Outcome of one attack on one network at one radius.

    Attributes:
        attack: name of the attack.
        epsilon: radius as text, such as ``1/255``; empty for attacks that change a few pixels.
        gradient: ``true``; ``surrogate`` for the rules' own backward pass, whose accuracy is
            masked and no measure of robustness; ``none`` for a black-box attack.
        correct: for each image ``1`` if the network is right without attack, else ``0``.
        robust: for each image ``1`` if the network is right under the attack too, else ``0``.
        seconds: duration of the attack.
        note: deviation from the published attack; empty if there is none.
    """

    attack: str
    epsilon: str
    gradient: str
    correct: str
    robust: str
    seconds: float
    note: str = ""

    @property
    def is_masked(self) -> bool:
        """Whether the attack followed a surrogate instead of the true gradient."""
        return self.gradient == "surrogate"

    @property
    def num_images(self) -> int:
        """Number of attacked images."""
        return len(self.robust)

    @property
    def clean(self) -> float:
        """Share of the images classified correctly without attack."""
        return self.correct.count("1") / len(self.correct)

    @cached_property
    def accuracy(self) -> float:
        """Share of the images classified correctly under the attack."""
        return self.robust.count("1") / len(self.robust)

    @property
    def standard_error(self) -> float:
        """Standard error of the accuracy as an estimate of the share in the population."""
        return share_error(self.accuracy, self.num_images)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson_interval(self.accuracy, self.num_images)

    def as_document(self) -> dict[str, Any]:
        """Convert to a JSON document."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Outcome":
        """Read a document that :meth:`as_document` wrote.

        Raises:
            TypeError: the document has other entries.
        """
        return cls(**document)


def wilson_interval(share: float, num_images: int) -> tuple[float, float]:
    """95 % interval of a share, accurate near 0 and 1 too (Wilson 1927).

    Args:
        share: observed share.
        num_images: number of images it was observed on, at least 1.
    """
    square = QUANTILE**2 / num_images
    center = share + square / 2
    reach = sqrt(square * (share * (1 - share) + square / 4))
    low, high = (center - reach) / (1 + square), (center + reach) / (1 + square)
    return max(0.0, low), min(1.0, high)


def worst_cases(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Worst case of all attacks at each radius, per image: never a mean of accuracies.

    Attacks along a surrogate gradient, and those of another threat model, are ignored.

    Args:
        outcomes: outcomes of one network on the same images.
    """
    by_epsilon: dict[str, list[Outcome]] = {}
    for each in outcomes:
        if each.epsilon and not each.is_masked:
            by_epsilon.setdefault(each.epsilon, []).append(each)
    return [
        Outcome(
            attack="worst case",
            epsilon=epsilon,
            gradient="true",
            correct=some[0].correct,
            robust=_all([each.robust for each in some]),
            seconds=sum(each.seconds for each in some),
        )
        for epsilon, some in by_epsilon.items()
    ]


def _all(flags: Sequence[str]) -> str:
    return "".join("1" if set(each) == {"1"} else "0" for each in zip(*flags, strict=True))
