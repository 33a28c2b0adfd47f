"""Candidates on GPUs: one long-lived process for each, several candidates at once in each."""

import heapq
import multiprocessing
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import final

from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.forecast import forecast
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.device_worker import Done, WorkerSettings, work
from evonas.study.executors.order import MAX_ATTEMPTS, Order, Result, lost, nothing_ordered

SLOTS = 6  # on each device; by the roofline 4 to 8 suffice, not measured


class _Worker:
    """A process, when it is running, and the numbers of the orders it has."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.slots = settings.slots
        self.orders: list[int] = []
        self.connection: Connection | None = None
        self.process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> Connection:
        if self.connection is None:
            context = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
            self.connection, theirs = context.Pipe()
            self.process = context.Process(
                target=work, args=(theirs, self.settings), daemon=True, name=self.settings.device
            )
            self.process.start()
            theirs.close()  # so that its end is the end of the connection
        return self.connection

    def stop(self) -> None:
        if self.connection is not None and self.process is not None:
            self.connection.close()
            self.process.kill()
            self.process.join()
        self.connection = self.process = None
        self.orders = []
        self.slots = self.settings.slots


@final
class DeviceExecutor(AbstractExecutor):
    """A process for each device, which starts with the first order and stays until ``close``.

    The candidates that will take longest begin first. A worker that dies is started again, and
    what it had been given is tried again one candidate at a time, so that the one that kills its
    worker is found and given up.

    Args:
        devices: as torch writes them; ``cpu`` works as well, to try it.
        slots: candidates at once on each.
        memory_limit_bytes: that the candidates of a device may need together; None for what is
            free on it.
        headroom: what a candidate may need, as a multiple of what is expected.
    """

    name = "device"

    def __init__(
        self,
        devices: Sequence[str],
        *,
        slots: int = SLOTS,
        memory_limit_bytes: int | None = None,
        headroom: float | None = None,
    ) -> None:
        more = {} if headroom is None else {"headroom": headroom}
        self._workers = [
            _Worker(WorkerSettings(device, slots, memory_limit_bytes, **more))
            for device in devices
        ]
        self._count = 0
        self._orders: dict[int, tuple[Order, int]] = {}  # with the bytes it is expected to need
        self._waiting: list[tuple[int, int]] = []  # a heap of (- multiply-adds, number)
        self._suspects: deque[int] = deque()
        self._attempts: dict[int, int] = {}
        self._done: deque[Result] = deque()

    @property
    def capacity(self) -> int:
        """How many candidates are evaluated at once; more may be ordered, and wait."""
        return sum(worker.slots for worker in self._workers)

    def submit(self, order: Order) -> None:
        """Take an order; never waits for a result."""
        protocol = order.protocol
        expected = forecast(
            order.space,
            order.genome,
            traits=traits_of(protocol.training.dataset, data_dir=protocol.data_dir),
            batch=protocol.recipe.batch,
            variant=order.variant,
        )
        self._count += 1
        self._orders[self._count] = order, expected.peak_bytes
        heapq.heappush(self._waiting, (-expected.multiply_adds, self._count))

    def next_done(self) -> Result:
        """The next result, as soon as there is one.

        Raises:
            ValueError: nothing was ordered whose result was not handed out yet.
        """
        while not self._done:
            if not self._orders:
                raise nothing_ordered()
            self._hand_out()
            busy = {w.connection: w for w in self._workers if w.connection and w.orders}
            for ready in wait([c for c in busy if c is not None]):
                self._receive(busy[ready])  # type: ignore[index]
        return self._done.popleft()

    def close(self) -> None:
        """Give up what was ordered and end the processes; the executor may be used again."""
        for worker in self._workers:
            worker.stop()
        for left in (self._orders, self._waiting, self._suspects, self._attempts, self._done):
            left.clear()

    def _hand_out(self) -> None:
        for worker in self._workers:
            while (number := self._next_for(worker)) is not None:
                order, bytes_needed = self._orders[number]
                connection = worker.start()
                worker.orders.append(number)
                try:
                    connection.send((number, order, bytes_needed))
                except (BrokenPipeError, ConnectionResetError):
                    self._bury(worker)

    def _next_for(self, worker: _Worker) -> int | None:
        """The order that ``worker`` should get now; suspects go alone, and before all others."""
        if self._suspects:
            return None if worker.orders else self._suspects.popleft()
        if self._waiting and len(worker.orders) < worker.slots:
            return heapq.heappop(self._waiting)[1]
        return None

    def _receive(self, worker: _Worker) -> None:
        assert worker.connection is not None
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._bury(worker)
            return
        if not isinstance(message, Done):
            self.close()
            raise message
        worker.slots = message.slots
        worker.orders.remove(message.number)
        del self._orders[message.number]
        self._done.append(message.result)

    def _bury(self, worker: _Worker) -> None:
        """A worker has died: whatever it had been given is under suspicion."""
        orders, slots, code = worker.orders, worker.slots, None
        if worker.process is not None:
            worker.process.join()
            code = worker.process.exitcode
        worker.stop()
        worker.slots = slots  # what it learned of the memory stays
        if len(orders) > 1:
            self._suspects.extend(orders)
            return
        for number in orders:
            self._attempts[number] = self._attempts.get(number, 0) + 1
            if self._attempts[number] < MAX_ATTEMPTS:
                self._suspects.append(number)
            else:
                order, _ = self._orders.pop(number)
                reason = f"the process on {worker.settings.device} ended with code {code}"
                self._done.append((lost(order, reason=reason), b""))
