"""A trial, one training of one genome, and its result."""

from dataclasses import dataclass

from evonas.search.pareto import Vector
from evonas.space import Genome


@dataclass(frozen=True)
class Trial:
    """A requested training.

    Attributes:
        genome: in canonical form.
        replicate: number of the replicate, from 0.
    """

    genome: Genome
    replicate: int


@dataclass(frozen=True)
class TrialResult:
    """The result of one training.

    Attributes:
        position: number of trials asked before it.
        trial: the trial that was asked for.
        vector: the objectives, to be minimised; ``None`` when the training failed or collapsed,
            or broke a constraint.
        violation: how far outside the constraints it is: 0 inside, above 0 outside, infinite for
            a failure or a collapse.
        is_whole: whether it was trained and measured in full. One that was not (it was refused
            before training, stopped on a rung, or an expensive objective was left out) stands for
            its genome only as long as there is no whole one, and is not repeated.
        learned: how far the training came from chance, 0, to right about everything, 1; ``None``
            if unknown.
    """

    position: int
    trial: Trial
    vector: Vector | None
    violation: float
    is_whole: bool = True
    learned: float | None = None
