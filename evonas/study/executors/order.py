"""The inputs and outputs of executors."""

from dataclasses import dataclass, field
from typing import TypeAlias

from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import WORKER_LOST, Evaluation
from evonas.evaluation.variants.base import AbstractVariant, record_key, record_text
from evonas.space import Genome, Space

Result: TypeAlias = tuple[Evaluation, bytes]

# a candidate is given up after this many worker deaths during its evaluation
MAX_ATTEMPTS = 2


@dataclass(frozen=True)
class Order:
    """One candidate to evaluate.

    Attributes:
        space: space of the genome.
        genome: genome of the candidate.
        protocol: protocol of the study.
        stage: how far to train it.
        variant: trained in place of the candidate's own network.
    """

    space: Space
    genome: Genome
    protocol: Protocol
    stage: Stage = field(default_factory=Stage)
    variant: AbstractVariant | None = None


def lost(order: Order, *, reason: str) -> Evaluation:
    """The record of a candidate whose worker died."""
    return failed(order, kind=WORKER_LOST, reason=reason)


def failed(order: Order, *, kind: str, reason: str, seconds: float = 0.0) -> Evaluation:
    """The record of a candidate that its worker could not write.

    Args:
        order: its order.
        kind: kind of the failure.
        reason: reason of the failure.
        seconds: seconds of wall clock that it took.
    """
    space, genome, variant = order.space, order.genome, order.variant
    return Evaluation(
        key=record_key(space, genome, variant),
        genome=record_text(space, genome, variant),
        values={},
        weights_by_rule={},
        losses=(),
        epochs=order.stage.epochs or order.protocol.recipe.epochs,
        seconds=seconds,
        seed=order.stage.seed(order.protocol, space.key(genome)),
        failure=f"{kind}: {reason}",
        replicate=order.stage.replicate,
        batch=order.stage.batch,
    )


def no_order_error() -> ValueError:
    """The error of an executor asked for a result that nobody ordered."""
    return ValueError("expected an order whose result was not handed out, found none")
