"""One training that a plan orders."""

from collections.abc import Iterable
from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector
from evonas.space import Genome
from evonas.study.journal.events import Asked, Event, Promoted, Repeated, Retried

TrainingId = tuple[str, int]
"""Key of a candidate, and which of its trainings it is, from 0."""


def training_id(evaluation: Evaluation) -> TrainingId:
    """Of the training that a record is of."""
    return evaluation.key, evaluation.replicate


def num_repeated(trainings: Iterable[TrainingId]) -> int:
    """How many of these trainings are not the first of their candidate."""
    return sum(replicate > 0 for _, replicate in trainings)


@dataclass(frozen=True)
class Job:
    """One training of one candidate, up to some epoch.

    Attributes:
        key: key of the candidate.
        genome: genome of the candidate.
        replicate: which of its trainings it is, from 0. Above 0 it goes straight to the last rung.
        generation: it was asked for in.
        epochs: it is trained up to the end of this one.
        is_promoted: it was on the rung below; else it begins.
        rivals: vectors of the front when it was ordered, which gate its expensive objectives.
        refused: its record if a constraint is broken without training: then nothing is to be done.
        attempt: above 0 for a training that was lost to a cause outside the network, and is tried
            again from its start.
    """

    key: str
    genome: Genome
    replicate: int
    generation: int
    epochs: int
    is_promoted: bool
    rivals: tuple[Vector, ...]
    refused: Evaluation | None = None
    attempt: int = 0

    @property
    def id(self) -> TrainingId:
        """Of the training."""
        return self.key, self.replicate

    @property
    def event(self) -> Event:
        """What the journal says when it is ordered."""
        if self.attempt:
            return Retried(self.key, self.replicate, self.epochs, self.attempt)
        if self.is_promoted:
            return Promoted(self.key, self.epochs)
        if self.replicate:
            return Repeated(self.key, self.replicate, self.generation)
        return Asked(self.key, self.generation)
