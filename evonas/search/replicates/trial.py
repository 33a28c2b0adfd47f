"""A trial, which is one training of one genome, and its result."""

from dataclasses import dataclass

from evonas.search.pareto import Vector
from evonas.space import Genome


@dataclass(frozen=True)
class Trial:
    """A training to be done.

    Attributes:
        genome: in canonical form.
        replicate: number of trainings of this genome asked for before: 0 is the first.
    """

    genome: Genome
    replicate: int


@dataclass(frozen=True)
class TrialResult:
    """The result of one training.

    Attributes:
        position: number of trials asked for before this one.
        trial: trial that was asked for.
        vector: objectives, to be minimised; ``None`` if the training failed, or violated a
            constraint and was therefore not measured in full.
        violation: constraint violation: 0 inside, above 0 outside, infinite for a failure or a
            collapse.
        is_whole: whether it was trained and measured in full. One that was not (it was refused
            before training, stopped on a rung, or an expensive objective was left out) represents
            its genome only as long as there is no whole one.
        learned: level that the training reached, from 0 (chance) to 1 (everything right);
            ``None`` if unknown.
    """

    position: int
    trial: Trial
    vector: Vector | None
    violation: float
    is_whole: bool = True
    learned: float | None = None
