"""Candidates on the workers of a Dask cluster, one that runs or one made on this machine."""

import logging
import sys
import time
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, final

from evonas.errors import ClusterError, ConfigError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.given import packed
from evonas.evaluation.data.loading import source_of
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import TIMED_OUT
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.dask_task import (
    BEGAN_TOPIC,
    OtherVersions,
    evaluate_remotely,
    own_versions,
)
from evonas.study.executors.order import Order, Result, failed, lost, nothing_ordered

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 30.0
FIRST_WORKER_SECONDS = 300.0
RESTART_SECONDS = 30.0  # that a worker's nanny may take to put a new process in its place
LOOK_SECONDS = 0.5  # between two looks at the clock, and at whether the scheduler is still there


@dataclass
class _Task:
    """An order under way.

    Attributes:
        order: of the run.
        future: of the cluster.
        began: when a worker began with it, by the monotonic clock; None before that.
        worker: its address.
    """

    order: Order
    future: "Future"
    began: float | None = None
    worker: str = ""


@final
class DaskExecutor(AbstractExecutor):
    """As many candidates at once as the cluster has workers, which may come and go.

    The images are sent to the workers once; those that stay on disk must lie at the same place on
    each machine. A worker that dies costs nothing but time: the
    scheduler gives its candidate to another one, a few times; then the candidate is lost. Only
    this process writes to the run.

    Args:
        address: of the scheduler; None for a cluster on this machine.
        workers: candidates at once, at most; processes of a cluster on this machine.
        device: of the run; where it is a GPU a worker must offer the resource ``GPU=1``.
        timeout_seconds: that a candidate may take from when a worker begins with it; None for no
            limit.
    """

    name = "dask"

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
        self._cluster: Any = None
        self._client: Client | None = None
        self._data: tuple[tuple[str, str, Fitting], Future] | None = None
        self._waiting: deque[Order] = deque()
        self._tasks: dict[str, _Task] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()
        self._done: deque[Result] = deque()

    @property
    def capacity(self) -> int:
        """The number of workers there are now, but at least one: others may be on their way."""
        return max(1, min(self._workers, len(self._connected().scheduler_info(-1)["workers"])))

    def submit(self, order: Order) -> None:
        """Take an order; never waits for a result."""
        self._waiting.append(order)
        self._hand_out()

    def next_done(self) -> Result:
        """The next result, as soon as there is one.

        Raises:
            ValueError: nothing was ordered whose result was not handed out yet.
            ClusterError: the scheduler has gone, or a worker has other versions than the run.
        """
        while not self._done:
            if not (self._waiting or self._tasks):
                raise nothing_ordered()
            self._hand_out()
            try:
                self._take(self._ended.get(timeout=LOOK_SECONDS))
            except Empty:
                self._check_scheduler()
            self._end_overdue()
        return self._done.popleft()

    def close(self) -> None:
        """Give up what was ordered, leave the cluster, end it if it is ours."""
        client, cluster = self._client, self._cluster
        self._client = self._cluster = self._data = None
        futures = [task.future for task in self._tasks.values()]
        for left in (self._tasks, self._waiting, self._done):
            left.clear()
        self._ended = SimpleQueue()
        if client is not None:
            if client.status == "running":
                client.cancel(futures, force=True)
            client.close()
        if cluster is not None:
            cluster.close()

    def _connected(self) -> "Client":
        if self._client is not None:
            return self._client
        try:
            from distributed import Client, LocalCluster
        except ImportError as problem:
            raise ConfigError(
                "workers: a Dask cluster needs the package distributed: pip install 'evonas[dask]'"
            ) from problem
        if self._address is None:
            self._cluster = LocalCluster(
                n_workers=self._workers, threads_per_worker=1, dashboard_address=":0",
                resources=self._resources or None,
                silence_logs=logging.CRITICAL,  # what becomes of a candidate is told by us
            )  # fmt: skip
        try:
            self._client = Client(self._cluster or self._address, timeout=CONNECT_SECONDS)
        except OSError as problem:
            raise ClusterError(
                f"workers: no scheduler answers at {self._address} ({problem}); start one by: "
                "dask scheduler"
            ) from problem
        try:
            self._client.wait_for_workers(1, timeout=FIRST_WORKER_SECONDS)
        except TimeoutError as problem:
            place = self._address or "this machine"
            raise ClusterError(
                f"workers: no worker has come to the scheduler at {place} "
                f"in {FIRST_WORKER_SECONDS:.0f} seconds; start some by: dask worker "
                "tcp://HOST:PORT, then go on by: evonas resume"
            ) from problem
        self._client.subscribe_topic(BEGAN_TOPIC, self._note_begin)
        return self._client

    def _hand_out(self) -> None:
        while self._waiting and len(self._tasks) < self.capacity:
            self._send(self._waiting.popleft())

    def _send(self, order: Order) -> None:
        client = self._connected()
        future = client.submit(
            evaluate_remotely, order, self._data_of(order.protocol), versions=own_versions(),
            folders=tuple(sys.path), pure=False, resources=self._resources or None,
        )  # fmt: skip
        self._tasks[future.key] = _Task(order, future)
        ended = self._ended  # what ends after `close` is nobody's any more
        future.add_done_callback(lambda done: ended.put(done.key))

    def _data_of(self, protocol: Protocol) -> "Future | None":
        """The data set as the workers have it, sent once; None where each reads the files."""
        if protocol.fitting.stays_on_disk:
            return None
        name, data_dir, fitting = protocol.training.dataset, protocol.data_dir, protocol.fitting
        known = (name, str(data_dir), fitting)
        if self._data is None or self._data[0] != known or self._data[1].cancelled():
            source = source_of(name, data_dir, fitting=fitting)
            data = packed(source, name=name, data_dir=data_dir, fitting=fitting)
            sent = self._connected().scatter(data, broadcast=True, hash=False)
            self._data = known, sent
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
            self._done.append(task.future.result())
        except CancelledError:
            # The only copy of the data died with its worker, before the candidate was trained or
            # between its end and the fetching of its result.
            self._check_scheduler()
            self._data = None
            self._waiting.appendleft(task.order)
        except KilledWorker as problem:
            reason = f"{problem.allowed_failures + 1} workers of the cluster died with it"
            self._done.append((lost(task.order, reason=reason), b""))
        except OtherVersions as problem:
            raise ClusterError(f"workers: {problem}") from problem
        except ModuleNotFoundError as problem:
            raise ClusterError(
                f"workers: a worker of the cluster cannot import '{problem.name}'; install there "
                "what is installed here"
            ) from problem

    def _check_scheduler(self) -> None:
        client = self._connected()
        if client.status != "running":
            raise ClusterError(
                f"workers: the scheduler at {self._address or 'this machine'} has gone; what was "
                "finished is kept, and `evonas resume` goes on when it is back"
            )

    def _end_overdue(self) -> None:
        if self._timeout is None:
            return
        now = time.monotonic()
        for key, task in list(self._tasks.items()):
            if task.began is not None and now - task.began > self._timeout:
                del self._tasks[key]
                client = self._connected()
                client.cancel([task.future], force=True)
                # others that it had go to other workers
                client.restart_workers(
                    [task.worker], timeout=RESTART_SECONDS, raise_for_error=False
                )
                reason = f"it was not done after {self._timeout:g} seconds"
                record = failed(task.order, kind=TIMED_OUT, reason=reason, seconds=self._timeout)
                self._done.append((record, b""))


def resources_of(device: str) -> dict[str, float]:
    """What a worker must offer to train on ``device``, by Dask's names."""
    return {} if device == "cpu" else {"GPU": 1.0}
