"""What executors are given and give back."""

from dataclasses import dataclass, field
from typing import TypeAlias

from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.space import Genome, Space

Result: TypeAlias = tuple[Evaluation, bytes]

# a candidate that was being evaluated each time a worker died is given up after this many times
MAX_ATTEMPTS = 2


@dataclass(frozen=True)
class Order:
    """One candidate to evaluate.

    Attributes:
        space: of the genome.
        genome: of the candidate.
        protocol: of the study.
        stage: how far it is taken.
    """

    space: Space
    genome: Genome
    protocol: Protocol
    stage: Stage = field(default_factory=Stage)


def lost(order: Order, *, reason: str) -> Evaluation:
    """The record of a candidate whose worker died with it."""
    key = order.space.key(order.genome)
    return Evaluation(
        key=key,
        genome=order.space.format(order.genome),
        values={},
        weights_by_rule={},
        losses=(),
        epochs=order.stage.epochs or order.protocol.recipe.epochs,
        seconds=0.0,
        seed=order.protocol.candidate_seed(
            key,
            replicate=order.stage.replicate,
            is_confirmation=order.stage.is_confirmation,
        ),
        failure=f"worker lost: {reason}",
        replicate=order.stage.replicate,
    )


def nothing_ordered() -> ValueError:
    """The error of an executor that is asked for a result it owes nobody."""
    return ValueError("expected an order whose result was not handed out, found none")
