"""What decides a candidate's values, and what becomes of a candidate."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, final

from evonas.evaluation.constraints import Constraint, broken, total_violation
from evonas.evaluation.objectives import (
    ALWAYS_MEASURED,
    COSTS,
    OBJECTIVES,
    Cost,
    Objective,
    Subject,
)
from evonas.evaluation.precision import Precision
from evonas.evaluation.recipe import Recipe
from evonas.seeds import derive_seed

Gate = Literal["skip", "measure", "off"]


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a candidate's values, apart from the candidate itself.

    Attributes:
        dataset: a name of ``DATASETS``.
        data_dir: where its files lie.
        num_images: of the training part; all of them if None.
        recipe: how each candidate is trained.
        objectives: names of what is measured.
        epsilon: of the attack, in units of the pixel range.
        attacked_images: how many validation images are attacked.
        seed: of the study: it decides the split, the attack's noise and every candidate's seed.
        device: where candidates are trained.
        constraints: what a candidate must keep to.
        precision: of their training; what is measured is measured in float32.
        gate: whether dear objectives are skipped that could not bring the candidate on the front;
            ``measure`` does everything but skip them.
    """

    dataset: str
    data_dir: Path
    num_images: int | None
    recipe: Recipe
    objectives: tuple[str, ...]
    epsilon: Fraction
    attacked_images: int
    seed: int
    device: str = "cpu"
    constraints: tuple[Constraint, ...] = ()
    precision: Precision = "fp32"
    gate: Gate = "off"

    def measured(self) -> list[Objective]:
        """What is measured of every candidate, the cheapest first."""
        names = [*self.objectives, *(c.objective for c in self.constraints), *ALWAYS_MEASURED]
        wanted = [OBJECTIVES[name] for name in dict.fromkeys(names)]
        return sorted(wanted, key=lambda objective: COSTS.index(objective.cost))


@dataclass(frozen=True)
class Stage:
    """How far one candidate is taken.

    Attributes:
        epochs: it is trained up to the end of this one; up to the last if None.
        checkpoint: of an earlier stage, to go on from; empty to begin.
        rivals: vectors (minimised) of candidates on the front, which gate dear objectives.
    """

    epochs: int | None = None
    checkpoint: bytes = b""
    rivals: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """One evaluated candidate.

    Attributes:
        key: of its canonical form.
        genome: its readable text.
        values: by objective; empty of what a failed candidate could not measure.
        weights_by_rule: trainable weights that each rule trains.
        losses: training loss of each epoch.
        epochs: it was trained for.
        seconds: of wall clock.
        seed: of its weights and batches.
        failure: ``kind: reason`` when it failed, else None.
        violation: how far it is outside the constraints, 0 if it keeps to them.
        bounds: by dear objective that makes no difference to the front: a value it cannot better.
        left_out: why it is on no front though it did not fail, else None.
        uncaptured: why its steps on a GPU were not replays of a CUDA graph, else None; they give
            the same numbers, more slowly.
    """

    key: str
    genome: str
    values: dict[str, float]
    weights_by_rule: dict[str, int]
    losses: tuple[float, ...]
    epochs: int
    seconds: float
    seed: int
    failure: str | None = None
    violation: float = 0.0
    bounds: dict[str, float] = field(default_factory=dict)
    left_out: str | None = None
    uncaptured: str | None = None

    @property
    def contends(self) -> bool:
        """Whether it can be on a front: fully trained and measured, within all constraints."""
        return self.failure is None and self.left_out is None


@final
class Record:
    """An evaluation under way: what is known of the candidate so far.

    Attributes:
        until: the epoch that it is trained to; 0 before that is decided.
        weights_by_rule: see :class:`Evaluation`, as for all that follow.
        losses: the same.
        failure: the same.
        bounds: the same.
        uncaptured: the same.
    """

    def __init__(self, protocol: Protocol, key: str, genome: str) -> None:
        self._protocol = protocol
        self._key = key
        self._genome = genome
        self._values: dict[str, float] = {}
        self.seed = derive_seed(protocol.seed, key)
        self.until = 0
        self.weights_by_rule: dict[str, int] = {}
        self.losses: tuple[float, ...] = ()
        self.failure: str | None = None
        self.bounds: dict[str, float] = {}
        self.uncaptured: str | None = None

    def measure(self, cost: Cost, subject: Subject) -> None:
        """Add the values of all objectives of this cost."""
        for objective in self._protocol.measured():
            if objective.cost == cost:
                self._values[objective.name] = objective.measure(subject)

    @property
    def violation(self) -> float:
        """Of the constraints on what is known."""
        return total_violation(self._values, self._protocol.constraints)

    @property
    def contends(self) -> bool:
        """See :class:`Evaluation`."""
        return self.failure is None and self._left_out() is None

    def is_gated(self, subject: Subject, rivals: tuple[tuple[float, ...], ...]) -> bool:
        """Whether what was not measured yet is to be skipped.

        It is when a rival dominates the candidate even at the bounds of what is missing: then it
        does so at the true values as well. The bounds are kept.
        """
        if not (self._protocol.gate != "off" and rivals and self._is_complete()):
            return False
        objectives = [OBJECTIVES[name] for name in self._protocol.objectives]
        missing = [o for o in objectives if o.name not in self._values]
        if not missing:
            return False
        bounds = {}
        for objective in missing:
            if objective.bound is None:
                return False
            bounds[objective.name] = objective.bound(subject)
        hoped = {**self._values, **bounds}
        best = tuple(objective.minimised(hoped[objective.name]) for objective in objectives)
        if not any(_dominates(rival, best) for rival in rivals):
            return False
        self.bounds = bounds
        return self._protocol.gate == "skip"

    def evaluation(self, *, seconds: float) -> Evaluation:
        """The record as it stands."""
        return Evaluation(
            key=self._key,
            genome=self._genome,
            values=self._values,
            weights_by_rule=self.weights_by_rule,
            losses=self.losses,
            epochs=self.until if self.failure is not None else len(self.losses),
            seconds=seconds,
            seed=self.seed,
            failure=self.failure,
            violation=0.0 if self.failure is not None else self.violation,
            bounds=self.bounds,
            left_out=None if self.failure is not None else self._left_out(),
            uncaptured=self.uncaptured,
        )

    def _is_complete(self) -> bool:
        return len(self.losses) == self._protocol.recipe.epochs

    def _left_out(self) -> str | None:
        reasons = []
        if self.violation:
            reasons.append(f"outside {broken(self._values, self._protocol.constraints)}")
        if self.losses and not self._is_complete():
            of = self._protocol.recipe.epochs
            reasons.append(f"stopped after {len(self.losses)} of {of} epochs")
        if self.bounds:
            best = ", ".join(f"{name} {value:.4f}" for name, value in self.bounds.items())
            reasons.append(f"dominated even with {best}")
        return "; ".join(reasons) or None


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
