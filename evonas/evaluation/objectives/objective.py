"""The types of an objective: its declaration, the subject it measures, and the measured value."""

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
    """The input of an objective: a candidate's network and the images to measure it on.

    Attributes:
        network: trained network in evaluation mode; an untrained one for free objectives.
        validation: validation part, on the network's device.
        attacked: subset of it that is attacked, the same for every candidate of a study.
        epsilon: radius of the attack in the L-infinity norm, in units of the pixel range.
        attack_seed: seed of the attack's noise, the same for every candidate of a study.
        input_shape: channels, height and width of an image.
        batch: number of images in a training step.

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
        value: measured value, in the unit of the objective.
        standard_error: standard error of the value, in the same unit; None if it has none.

    Examples:
        >>> evonas.MeasuredValue(0.75, standard_error=0.02).standard_error
        0.02
    """

    value: float
    standard_error: float | None = None


@dataclass(frozen=True)
class Objective:
    """One dimension of the objective space, and how to measure it.

    Attributes:
        name: name, as in ``--objectives`` and in the CSV.
        unit: unit of the value.
        direction: whether larger (``maximise``) or smaller (``minimise``) values are better.
        cost: ``free`` (no training), ``forward`` (one pass), ``attack`` (tens of passes).
        meaning: one line for the user.
        worst: worst possible value, if there is one.
        measure: function that gives the value of one candidate, alone or with a standard error.
        bound: much cheaper function that gives a value which ``measure`` cannot improve on; None
            if there is none.
        best: best possible value, if there is one. If ``worst`` or ``best`` is None, the
            hypervolume uses the range of the first generation instead.
        error: source of the value's standard error, apart from the noise of training. ``images``:
            the value is a share of the validation images (of the attacked ones for the cost
            ``attack``). ``own``: ``measure`` estimates the error, which all trainings share, as
            they share the images. ``repeats``: ``measure`` estimates the error from repeats made
            separately for every training, so the spread between trainings already includes it.
            ``none``: the value is exact for the trained network.
        is_reproducible: whether measuring the same network again, here or on another machine,
            gives the same value.

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
        """Lowest and highest possible value; None for an end that is not known."""
        ends = (self.worst, self.best)
        return ends if self.direction == "maximise" else ends[::-1]

    @property
    def problem(self) -> str | None:
        """Inconsistency in the declaration, as a message; None if there is none."""
        for field, allowed in (
            ("direction", get_args(Direction)), ("cost", COSTS), ("error", get_args(ErrorKind)),
        ):  # fmt: skip
            given = getattr(self, field)
            if given not in allowed:
                return f"expected {field} to be one of {', '.join(allowed)}, got {given!r}"
        if self.cost == "free" and self.error == "images":
            return (
                "expected error to be 'own' or 'none', as objectives of cost 'free' see no images"
            )
        return None

    @property
    def is_tested(self) -> bool:
        """Whether confirmations measure it on the test part too, because it depends on images."""
        return self.cost != "free" and self.error != "repeats"

    def value_of(self, subject: Subject) -> MeasuredValue:
        """Measure one candidate and check the result.

        Raises:
            CandidateFailure: the candidate has no value, or a value or error that is not finite.
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
