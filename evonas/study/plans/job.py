"""One training that a plan orders."""

from collections.abc import Iterable
from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector
from evonas.space import Genome
from evonas.study.journal.events import Asked, Event, Promoted, Repeated, Retried

TrainingId = tuple[str, int]
"""Key of a candidate, and number of the replicate, from 0."""


def training_id(evaluation: Evaluation) -> TrainingId:
    """The identity of the training behind a record."""
    return evaluation.key, evaluation.replicate


def num_repeated(trainings: Iterable[TrainingId]) -> int:
    """How many of these trainings are repeated replicates."""
    return sum(replicate > 0 for _, replicate in trainings)


@dataclass(frozen=True)
class Job:
    """One training of one candidate, up to some epoch.

    Attributes:
        key: key of the candidate.
        genome: genome of the candidate.
        replicate: number of the replicate, from 0. Above 0, it goes straight to the last rung.
        generation: the generation that requested it.
        epochs: last epoch to train.
        is_promoted: whether it comes from the rung below; otherwise it starts.
        rivals: vectors of the front at the time of ordering, which gate its expensive objectives.
        refused: its record if it violates a constraint without training; then nothing is to do.
        attempt: above 0 for the retry of a training lost to a cause outside the network.
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
        """The journal event of ordering it."""
        if self.attempt:
            return Retried(self.key, self.replicate, self.epochs, self.attempt)
        if self.is_promoted:
            return Promoted(self.key, self.epochs)
        if self.replicate:
            return Repeated(self.key, self.replicate, self.generation)
        return Asked(self.key, self.generation)
