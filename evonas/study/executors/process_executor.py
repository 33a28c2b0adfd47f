"""Distribute orders among worker processes, and handle failures."""

import heapq
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from queue import Empty
from typing import ClassVar

from evonas.evaluation.evaluate import at_half_batch
from evonas.evaluation.record import TIMED_OUT, Evaluation
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.messages import Began, DeviceLost, Done, Waits
from evonas.study.executors.order import (
    MAX_ATTEMPTS,
    Order,
    Result,
    failed,
    lost,
    no_order_error,
)
from evonas.study.executors.worker_process import Inbox, WorkerProcess

PATIENCE_SECONDS = 2.0  # between SIGTERM and SIGKILL
START_SECONDS = 120.0  # time for a process to start its first order


class AbstractProcessExecutor(AbstractExecutor):
    """Worker processes, started by the first order and kept until ``close``.

    A dead worker is restarted. Its orders are retried one at a time, so that a candidate that
    kills its worker is found and given up. A candidate that takes too long is killed with its
    worker; others on that worker restart.

    Args:
        workers: workers, not started yet.
        inbox: their common inbox.
        timeout_seconds: the seconds that a candidate may take once its worker has started it; None
            for no limit.
    """

    tries_again_in_new_process: ClassVar[bool] = False
    """Whether to replace workers that ran out of memory; the new one tries half the batch."""

    def __init__(
        self, workers: Sequence[WorkerProcess], inbox: Inbox, *, timeout_seconds: float | None
    ) -> None:
        self._workers = list(workers)
        self._inbox = inbox
        self._timeout = timeout_seconds
        self._count = 0
        self._orders: dict[int, tuple[Order, int]] = {}  # with its estimated memory in bytes
        self._waiting: list[tuple[int, int]] = []  # a heap of (rank, number)
        self._suspects: deque[int] = deque()
        self._attempts: dict[int, int] = {}
        self._done: deque[Result] = deque()

    @abstractmethod
    def _rank(self, order: Order) -> tuple[int, int]:
        """The rank of an order (the smallest starts first), and its estimated memory in bytes."""

    @property
    def capacity(self) -> int:
        """How many candidates are evaluated at once; more may be ordered, and wait."""
        return sum(worker.slots for worker in self._workers)

    def submit(self, order: Order) -> None:
        """Take an order; never waits for a result."""
        rank, bytes_needed = self._rank(order)
        self._count += 1
        self._orders[self._count] = order, bytes_needed
        heapq.heappush(self._waiting, (rank, self._count))

    def next_done(self) -> Result:
        """The next result, as soon as there is one.

        Raises:
            ValueError: nothing was ordered whose result was not handed out yet.
        """
        while not self._done:
            if not self._orders:
                raise no_order_error()
            self._hand_out()
            self._hear()
            if self._inbox.empty():  # a result may wait there since before its limit
                self._end_overdue()
        return self._done.popleft()

    def close(self) -> None:
        """Drop all orders and end the processes; the executor can be used again."""
        for worker in self._workers:
            worker.stop()
        for left in (self._orders, self._waiting, self._suspects, self._attempts, self._done):
            left.clear()

    def _hand_out(self) -> None:
        for worker in self._workers:
            while (number := self._next_for(worker)) is not None:
                worker.give(number, (number, *self._orders[number]))

    def _next_for(self, worker: WorkerProcess) -> int | None:
        """The next order for ``worker``; suspects run alone, and before all others."""
        if self._suspects:
            return None if worker.orders else self._suspects.popleft()
        if self._waiting and len(worker.orders) < worker.slots:
            return heapq.heappop(self._waiting)[1]
        return None

    def _hear(self) -> None:
        """Wait for a message, at most until the next time limit expires."""
        try:
            worker, incarnation, message = self._inbox.get(timeout=self._seconds_left())
        except Empty:
            return
        if incarnation != worker.incarnation or worker.process is None:
            return
        worker.heard = time.monotonic()
        if message is None:
            self._retire_worker(worker)
        elif isinstance(message, DeviceLost):
            self._retire_worker(worker, reason=f"{worker.name} failed: {message.reason}")
        elif isinstance(message, Began):
            worker.orders[message.number] = worker.heard
        elif isinstance(message, Waits):
            worker.orders[message.number] = None  # its time begins anew with its next start
        elif isinstance(message, Done):
            self._take(worker, message)
        else:
            self.close()
            assert isinstance(message, Exception)
            raise message

    def _take(self, worker: WorkerProcess, message: Done) -> None:
        worker.slots = message.slots
        del worker.orders[message.number]
        order, bytes_needed = self._orders.pop(message.number)
        if message.result[0].ran_out_of_memory and self.tries_again_in_new_process:
            # after a failed allocation, native libraries keep failing even with free memory
            worker.stop()
            smaller = at_half_batch(order.protocol, order.stage)
            if smaller is not None:
                self._orders[message.number] = replace(order, stage=smaller), bytes_needed
                self._suspects.append(message.number)
                return
        self._done.append(message.result)

    def _retire_worker(self, worker: WorkerProcess, *, reason: str | None = None) -> None:
        """A worker has died or is unusable: all its orders become suspects.

        Args:
            worker: stopped here, and restarted with its next order.
            reason: why it is unusable; its exit code if None.
        """
        orders = list(worker.orders)
        code = worker.stop()  # keeps its reduced number of slots
        if len(orders) > 1:
            self._suspects.extend(orders)
            return
        for number in orders:
            self._attempts[number] = self._attempts.get(number, 0) + 1
            if self._attempts[number] < MAX_ATTEMPTS:
                self._suspects.append(number)
            else:
                order, _ = self._orders.pop(number)
                why = reason or f"the process on {worker.name} ended with code {code}"
                self._done.append((lost(order, reason=why), b""))

    def _seconds_left(self) -> float | None:
        """Seconds until the first time limit expires; None without a limit."""
        ends = [end for worker in self._workers for end in self._ends(worker).values()]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _ends(self, worker: WorkerProcess) -> dict[int, float]:
        """The deadline of each order of a worker."""
        if self._timeout is None:
            return {}
        begun = {n: began for n, began in worker.orders.items() if began is not None}
        if worker.orders and not begun:  # those that wait behind others have no deadline yet
            return dict.fromkeys(worker.orders, worker.heard + START_SECONDS)
        return {number: began + self._timeout for number, began in begun.items()}

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            over = [number for number, end in self._ends(worker).items() if end <= now]
            if not over:
                continue
            if all(began is None for began in worker.orders.values()):
                late = f"did not start within {START_SECONDS:g} seconds"
                self._retire_worker(worker, reason=f"the process on {worker.name} {late}")
                continue
            others = [number for number in worker.orders if number not in over]
            worker.stop(patience_seconds=PATIENCE_SECONDS)
            for number in others:
                heapq.heappush(self._waiting, (self._rank(self._orders[number][0])[0], number))
            for number in over:
                order, _ = self._orders.pop(number)
                self._done.append((self._timed_out(order), b""))

    def _timed_out(self, order: Order) -> Evaluation:
        assert self._timeout is not None
        reason = f"it was not finished after {self._timeout:g} seconds"
        return failed(order, kind=TIMED_OUT, reason=reason, seconds=self._timeout)
