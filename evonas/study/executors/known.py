"""Reuse known results instead of training."""

from collections import deque
from collections.abc import Collection
from typing import final

from evonas.evaluation.record import Evaluation
from evonas.evaluation.variants.base import record_key
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order, Result

KnownId = tuple[str, int, int]
"""Key, replicate, and the epoch after which the result was taken."""


def known_id(evaluation: Evaluation) -> KnownId:
    """The identity of the training, or stage of one, behind a record."""
    return evaluation.key, evaluation.replicate, evaluation.epochs


@final
class KnownResultsExecutor(AbstractExecutor):
    """An executor that trains only unknown candidates; known results come first, without weights.

    Args:
        executor: the executor that trains the others.
        known: results under exactly this protocol.
    """

    def __init__(self, executor: AbstractExecutor, known: Collection[Evaluation]) -> None:
        self._executor = executor
        self._known = {known_id(evaluation): evaluation for evaluation in known}
        self._ready: deque[Evaluation] = deque()

    @property
    def capacity(self) -> int:
        """The capacity of the inner executor."""
        return self._executor.capacity

    def submit(self, order: Order) -> None:
        """Take an order."""
        stage = order.stage
        key = record_key(order.space, order.genome, order.variant)
        epochs = stage.epochs or order.protocol.recipe.epochs
        known = self._known.get((key, stage.replicate, epochs))
        if known is None or stage.is_confirmation:
            self._executor.submit(order)
        else:
            self._ready.append(known)

    def next_done(self) -> Result:
        """A known result, else the next from training."""
        if self._ready:
            return self._ready.popleft(), b""
        return self._executor.next_done()

    def close(self) -> None:
        """Drop all orders."""
        self._ready.clear()
        self._executor.close()
