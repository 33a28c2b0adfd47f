"""Candidates on the workers of a Dask cluster, existing or started on this machine."""

import sys
import time
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, final

from evonas.errors import ClusterError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.given import packed
from evonas.evaluation.data.loading import source_of
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import TIMED_OUT
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.dask.connection import LOOK_SECONDS, Connection
from evonas.study.executors.dask.task import (
    BEGAN_TOPIC,
    OtherVersions,
    evaluate_remotely,
    own_versions,
)
from evonas.study.executors.order import Order, Result, failed, lost, no_order_error

if TYPE_CHECKING:
    from distributed import Future


@dataclass
class _Task:
    """A submitted order.

    Attributes:
        order: order of the run.
        future: future of the cluster.
        began: when a worker started it, by the monotonic clock; None before that.
        worker: address of that worker.
    """

    order: Order
    future: "Future"
    began: float | None = None
    worker: str = ""


@final
class DaskExecutor(AbstractExecutor):
    """Evaluates as many candidates in parallel as the cluster has workers, which may come and go.

    The images are sent to the workers once; images on disk must be at the same path on each
    machine. A worker that dies costs only time: the scheduler gives its candidate to another one,
    a few times, before the candidate is lost. Only this process writes to the run.

    If the connection breaks and is restored while the scheduler lives, pending candidates are
    submitted again. Their first trainings continue on their workers, without a time limit.

    Args:
        address: address of the scheduler; None for a cluster on this machine.
        workers: maximum number of candidates in parallel; processes of a cluster on this machine.
        device: device of the run; for a GPU, a worker must offer the resource ``GPU=1``.
        timeout_seconds: the seconds that a candidate may take once a worker has started it; None
            for no limit.
    """

    def __init__(
        self,
        address: str | None,
        *,
        workers: int,
        device: str = "cpu",
        timeout_seconds: float | None = None,
    ) -> None:
        self._address = address
        self._workers = workers
        self._resources = resources_of(device)
        self._timeout = timeout_seconds
        self._connection: Connection | None = None
        self._data: tuple[tuple[str, str, Fitting], Future] | None = None
        self._waiting: deque[Order] = deque()
        self._tasks: dict[str, _Task] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()
        self._done: deque[Result] = deque()

    @property
    def capacity(self) -> int:
        """The current number of workers, at least one, as more may be starting.

        Raises:
            ClusterError: the scheduler is gone.
        """
        return max(1, min(self._workers, self._connected().num_workers))

    def submit(self, order: Order) -> None:
        """Take an order; never waits for a result.

        Raises:
            ClusterError: the scheduler is gone.
        """
        self._waiting.append(order)
        self._hand_out()

    def next_done(self) -> Result:
        """The next result, as soon as there is one.

        Raises:
            ValueError: nothing was ordered whose result was not handed out yet.
            ClusterError: the scheduler is gone, or a worker has package versions that differ from
                the run's.
        """
        while not self._done:
            if not (self._waiting or self._tasks):
                raise no_order_error()
            self._hand_out()
            try:
                self._take(self._ended.get(timeout=LOOK_SECONDS))
            except Empty:
                self._connected().check()
            self._end_overdue()
        return self._done.popleft()

    def close(self) -> None:
        """Drop all orders and leave the cluster; shut it down if it is ours."""
        connection, self._connection, self._data = self._connection, None, None
        futures = [task.future for task in self._tasks.values()]
        for left in (self._tasks, self._waiting, self._done):
            left.clear()
        self._ended = SimpleQueue()
        if connection is not None:
            connection.close(futures)

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(
                self._address, workers=self._workers, resources=self._resources
            )
            self._connection.subscribe(BEGAN_TOPIC, self._note_begin)
        return self._connection

    def _hand_out(self) -> None:
        while self._waiting and len(self._tasks) < self.capacity:
            self._send(self._waiting.popleft())

    def _send(self, order: Order) -> None:
        future = self._connected().submit(
            evaluate_remotely, order, self._data_of(order.protocol), versions=own_versions(),
            folders=tuple(sys.path), pure=False, resources=self._resources or None,
        )  # fmt: skip
        self._tasks[future.key] = _Task(order, future)
        ended = self._ended  # tasks that end after `close` are ignored
        future.add_done_callback(lambda done: ended.put(done.key))

    def _data_of(self, protocol: Protocol) -> "Future | None":
        """The data set on the workers, sent once; None if each reads the files."""
        if protocol.fitting.stays_on_disk:
            return None
        name, data_dir, fitting = protocol.training.dataset, protocol.data_dir, protocol.fitting
        known = (name, str(data_dir), fitting)
        if self._data is None or self._data[0] != known or self._data[1].cancelled():
            source = source_of(name, data_dir, fitting=fitting)
            data = packed(source, name=name, data_dir=data_dir, fitting=fitting)
            self._data = known, self._connected().scattered(data)
        return self._data[1]

    def _note_begin(self, event: tuple[float, tuple[str, str]]) -> None:
        key, worker = event[1]
        task = self._tasks.get(key)
        if task is not None:
            task.began, task.worker = time.monotonic(), worker

    def _take(self, key: str) -> None:
        from distributed import KilledWorker

        task = self._tasks.pop(key, None)
        if task is None:
            return
        try:
            self._done.append(self._connected().result(task.future))
        except CancelledError:
            # The only copy of the data died with its worker, before the candidate was trained or
            # between its end and the fetching of its result; or the connection was lost and made
            # again.
            self._connected().check()
            self._connected().subscribe(BEGAN_TOPIC, self._note_begin)
            self._data = None
            self._waiting.appendleft(task.order)
        except KilledWorker as problem:
            reason = f"{problem.allowed_failures + 1} workers of the cluster died in training it"
            self._done.append((lost(task.order, reason=reason), b""))
        except OtherVersions as problem:
            raise ClusterError(f"workers: {problem}") from problem
        except ModuleNotFoundError as problem:
            raise ClusterError(
                f"workers: a worker of the cluster cannot import '{problem.name}'; install the "
                f"same packages there as here"
            ) from problem

    def _end_overdue(self) -> None:
        if self._timeout is None:
            return
        now = time.monotonic()
        for key, task in list(self._tasks.items()):
            if task.future.done():
                continue  # maybe in time, while this process was busy
            if task.began is not None and now - task.began > self._timeout:
                del self._tasks[key]
                self._connected().end_with_worker(task.future, task.worker)
                reason = f"it was not finished after {self._timeout:g} seconds"
                record = failed(task.order, kind=TIMED_OUT, reason=reason, seconds=self._timeout)
                self._done.append((record, b""))


def resources_of(device: str) -> dict[str, float]:
    """The Dask resources that a worker must offer to train on ``device``."""
    return {} if device == "cpu" else {"GPU": 1.0}
