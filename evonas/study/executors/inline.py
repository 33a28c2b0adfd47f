"""Candidates in this process, one after another."""

from collections import deque
from typing import final

from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.one_thread import one_thread
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order, Result, no_order_error


@final
class InlineExecutor(AbstractExecutor):
    """Evaluates candidates one after another in this process, when their result is requested."""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()

    @property
    def capacity(self) -> int:
        """Always one."""
        return 1

    def submit(self, order: Order) -> None:
        """Take an order."""
        self._orders.append(order)

    def next_done(self) -> Result:
        """The result of the oldest order."""
        if not self._orders:
            raise no_order_error()
        order = self._orders.popleft()
        with one_thread():  # as in a process pool
            return evaluate_order(order)

    def close(self) -> None:
        """Drop all orders."""
        self._orders.clear()


def evaluate_order(order: Order) -> Result:
    """The result of one order, computed in the calling process."""
    return evaluate(
        order.space,
        order.genome,
        protocol=order.protocol,
        stage=order.stage,
        variant=order.variant,
    )
