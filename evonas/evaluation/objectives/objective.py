"""One objective, and what it looks at."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, final, get_args

from evonas.errors import ObjectiveFailed

if TYPE_CHECKING:
    from evonas.evaluation.data.images import Images
    from evonas.networks import Network

Direction = Literal["maximise", "minimise"]
Cost = Literal["free", "forward", "attack"]
COSTS: tuple[Cost, ...] = ("free", "forward", "attack")
ErrorKind = Literal["images", "own", "repeats", "none"]


@dataclass(frozen=True)
class Subject:
    """What an objective looks at.

    Attributes:
        network: trained, in evaluation mode; free objectives look at an untrained one.
        validation: the validation part, on the network's device.
        attacked: the part of it that is attacked, the same for every candidate of a study.
        epsilon: radius of the attack in the L-infinity norm, in units of the pixel range.
        attack_seed: seed of the attack's noise, the same for every candidate of a study.
        input_shape: channels, height, width.
        batch: images of one training step.

    Examples:
        >>> def channels(subject: evonas.Subject) -> float:
        ...     return subject.input_shape[0]
    """

    network: "Network"
    validation: "Images"
    attacked: "Images"
    epsilon: Fraction
    attack_seed: int
    input_shape: tuple[int, int, int]
    batch: int = 1


@final
@dataclass(frozen=True)
class MeasuredValue:
    """A value with its own standard error, for objectives whose error is ``own`` or ``repeats``.

    Attributes:
        value: in the unit of the objective.
        standard_error: in the same; None if it has none.

    Examples:
        >>> evonas.MeasuredValue(0.75, standard_error=0.02).standard_error
        0.02
    """

    value: float
    standard_error: float | None = None


@dataclass(frozen=True)
class Objective:
    """One column of the front.

    Attributes:
        name: as in ``--objectives`` and in the CSV.
        unit: unit of the value.
        direction: which way is better.
        cost: ``free`` (no training), ``forward`` (one pass), ``attack`` (tens of passes).
        meaning: one line for the user.
        worst: the value that no candidate can fall behind, if there is one.
        measure: the value of one candidate, alone or with its own standard error.
        bound: a value that ``measure`` cannot better, for much less work; None if there is none.
        best: the value that no candidate can better, if there is one. Where ``worst`` or ``best``
            is None, the first generation stands for it in the hypervolume.
        error: what the standard error of a value is made of, beside the noise of training.
            ``images``: it is a share of the validation images (of the attacked ones for the cost
            ``attack``). ``own``: ``measure`` estimates it; all trainings share it, as they share
            the images. ``repeats``: ``measure`` estimates it from repeats that every training
            makes anew, so that the spread between trainings holds it already. ``none``: the
            value is exact for the network that was trained.
        is_reproducible: whether the same network has the same value again, here and elsewhere.

    Examples:
        >>> width = evonas.Objective(
        ...     "width", "channels", "minimise", "free", "channels of the images", None,
        ...     measure=lambda subject: subject.input_shape[0],
        ... )
        >>> width.minimised(3.0)
        3.0
    """

    name: str
    unit: str
    direction: Direction
    cost: Cost
    meaning: str
    worst: float | None
    measure: Callable[[Subject], float | MeasuredValue]
    bound: Callable[[Subject], float] | None = None
    best: float | None = None
    error: ErrorKind = "none"
    is_reproducible: bool = True

    def minimised(self, value: float) -> float:
        """``value`` with the sign that makes smaller better."""
        return -value if self.direction == "maximise" else value

    @property
    def range(self) -> tuple[float | None, float | None]:
        """The lowest and the highest value there can be; None if unknown."""
        ends = (self.worst, self.best)
        return ends if self.direction == "maximise" else ends[::-1]

    @property
    def problem(self) -> str | None:
        """What is wrong with what it says of itself; None if nothing is."""
        for field, allowed in (
            ("direction", get_args(Direction)), ("cost", COSTS), ("error", get_args(ErrorKind)),
        ):  # fmt: skip
            given = getattr(self, field)
            if given not in allowed:
                return f"expected {field} to be one of {', '.join(allowed)}, got {given!r}"
        if self.cost == "free" and self.error == "images":
            return (
                "expected error to be 'own' or 'none' where the cost is 'free': no images are seen"
            )
        return None

    @property
    def is_tested(self) -> bool:
        """Whether a confirmation measures it on the test part too: whether it sees images."""
        return self.cost != "free" and self.error != "repeats"

    def value_of(self, subject: Subject) -> MeasuredValue:
        """What ``measure`` says of one candidate.

        Raises:
            CandidateFailure: it has no value, or one that is not finite.
        """
        found = self.measure(subject)
        if not isinstance(found, MeasuredValue):
            found = MeasuredValue(found)
        value, error = found.value, found.standard_error
        if not math.isfinite(value):
            raise ObjectiveFailed(f"{self.name}: expected a finite number, got {value}")
        if error is not None and not (math.isfinite(error) and error >= 0.0):
            raise ObjectiveFailed(
                f"{self.name}: expected a standard error of at least 0, got {error}"
            )
        return MeasuredValue(value, error)
