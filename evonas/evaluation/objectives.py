"""What a search optimises: name, unit, direction, cost, and how it is measured.

The table is read where nothing is trained (a front is printed, a picture drawn), so torch is
imported when something is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from evonas.errors import MaskedAttack

if TYPE_CHECKING:
    from evonas.evaluation.data.images import Images
    from evonas.networks import Network

Direction = Literal["maximise", "minimise"]
Cost = Literal["free", "forward", "attack"]
COSTS: tuple[Cost, ...] = ("free", "forward", "attack")


@dataclass(frozen=True)
class Subject:
    """What an objective looks at.

    Attributes:
        network: trained, in evaluation mode; free objectives look at an untrained one.
        validation: the validation part, on the network's device.
        attacked: the part of it that is attacked, the same for every candidate of a study.
        epsilon: radius of the attack in the L-infinity norm, in units of the pixel range.
        attack_seed: of the attack's noise, the same for every candidate of a study.
        input_shape: channels, height, width.
    """

    network: "Network"
    validation: "Images"
    attacked: "Images"
    epsilon: Fraction
    attack_seed: int
    input_shape: tuple[int, int, int]


@dataclass(frozen=True)
class Objective:
    """One column of the front.

    Attributes:
        name: as in ``--objectives`` and in the CSV.
        unit: of the value.
        direction: which way is better.
        cost: ``free`` (no training), ``forward`` (one pass), ``attack`` (tens of passes).
        meaning: one line for the user.
        worst: the value that no candidate can fall behind, if there is one.
        measure: the value of one candidate.
        bound: a value that ``measure`` cannot better, for much less work; None if there is none.
    """

    name: str
    unit: str
    direction: Direction
    cost: Cost
    meaning: str
    worst: float | None
    measure: Callable[[Subject], float]
    bound: Callable[[Subject], float] | None = None

    def minimised(self, value: float) -> float:
        """``value`` with the sign that makes smaller better."""
        return -value if self.direction == "maximise" else value


def _accuracy(subject: Subject) -> float:
    from evonas.evaluation.accuracy import accuracy

    return accuracy(subject.network, subject.validation)


def _robustness(subject: Subject) -> float:
    from evonas.evaluation.attacks.robustness import robust_accuracy

    result = robust_accuracy(
        subject.network,
        subject.attacked,
        epsilon=subject.epsilon,
        noise_seed=subject.attack_seed,
    )
    if result.is_masked:
        raise MaskedAttack(
            f"the attack could not do its work: gradient error {result.gradient_honesty:.2g}, no "
            f"gradient on {result.zero_gradient_share:.0%} of the images"
        )
    return result.value


def _clean_accuracy(subject: Subject) -> float:
    """Of the attacked images: an attack only adds errors."""
    from evonas.evaluation.accuracy import accuracy

    return accuracy(subject.network, subject.attacked)


def _parameters(subject: Subject) -> float:
    from evonas.networks import count_parameters

    return count_parameters(subject.network)


def _multiply_adds(subject: Subject) -> float:
    from evonas.networks import count_multiply_adds

    return count_multiply_adds(subject.network, input_shape=subject.input_shape)


def _bio(subject: Subject) -> float:
    from evonas.rules import bio_share

    return bio_share(subject.network)


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective(
            "acc", "fraction", "maximise", "forward",
            "accuracy on the validation part", 0.0, _accuracy,
        ),
        Objective(
            "robust", "fraction", "maximise", "attack",
            "validation images still right under APGD that follows the true gradient",
            0.0, _robustness, _clean_accuracy,
        ),
        Objective(
            "params", "weights", "minimise", "free", "trainable parameters", None, _parameters
        ),
        Objective(
            "flops", "multiply-adds", "minimise", "free",
            "multiply-adds of one image, as the NAS-Bench-201 API counts them",
            None, _multiply_adds,
        ),
        Objective(
            "bio", "fraction", "maximise", "free",
            "share of the trainable weights whose rule does not transport the forward weights",
            0.0, _bio,
        ),
    )
}  # fmt: skip

# every record holds these, asked for or not
ALWAYS_MEASURED = ("params", "flops", "bio")
