"""Candidates in this process, one after another."""

from collections import deque
from typing import final

from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.one_thread import one_thread
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order, Result, nothing_ordered


@final
class InlineExecutor(AbstractExecutor):
    """One after another, in this process, each when its result is asked for."""

    name = "inline"

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()

    @property
    def capacity(self) -> int:
        """One."""
        return 1

    def submit(self, order: Order) -> None:
        """Take an order."""
        self._orders.append(order)

    def next_done(self) -> Result:
        """The result of the oldest order."""
        if not self._orders:
            raise nothing_ordered()
        order = self._orders.popleft()
        with one_thread():  # as in a pool
            return evaluate_order(order)

    def close(self) -> None:
        """Forget the orders."""
        self._orders.clear()


def evaluate_order(order: Order) -> Result:
    """The result of one order, in the process that calls."""
    return evaluate(
        order.space,
        order.genome,
        protocol=order.protocol,
        stage=order.stage,
        variant=order.variant,
    )
