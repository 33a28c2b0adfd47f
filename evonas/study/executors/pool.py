"""Candidates in a pool of processes with one thread each."""

import signal
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import final

import torch
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import BrokenProcessPool

from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.inline import evaluate_order
from evonas.study.executors.order import MAX_ATTEMPTS, Order, Result, lost, nothing_ordered

IDLE_SECONDS = 300  # after which a pool without work lets its processes go


@final
class JoblibExecutor(AbstractExecutor):
    """A pool of processes with one thread each: loky's, which comes with joblib.

    The pool is its own: loky's reusable one is what joblib's ``Parallel`` takes for its own, and
    one process may call both (scikit-learn beside a search in a notebook). A worker that dies
    takes the whole pool with it. What was pending is then tried again one candidate at a time, so
    that the one that kills its worker is found and given up.

    Args:
        workers: processes.
    """

    name = "joblib"

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._running: dict[Future[Result], Order] = {}
        self._suspects: deque[Order] = deque()
        self._pool: ProcessPoolExecutor | None = None

    @property
    def capacity(self) -> int:
        """The number of workers."""
        return self._workers

    def submit(self, order: Order) -> None:
        """Give the order to the pool, or let it wait while a killer of workers is looked for."""
        if self._suspects:
            self._suspects.append(order)
        else:
            self._running[self._make_pool().submit(evaluate_order, order)] = order

    def next_done(self) -> Result:
        """The next result; of those ready at once the one ordered first."""
        while self._running:
            ready = wait(self._running, return_when=FIRST_COMPLETED).done
            future = next(future for future in self._running if future in ready)
            order = self._running.pop(future)
            try:
                return future.result()
            except BrokenProcessPool:
                self._suspects.append(order)  # with all others, one after the other
                self._pool = None
        if not self._suspects:
            raise nothing_ordered()
        return self._alone(self._suspects.popleft())

    def close(self) -> None:
        """End the pool, at once if it is at work; the executor may be used again."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=bool(self._running))
        self._pool = None
        self._running.clear()
        self._suspects.clear()

    def _alone(self, order: Order) -> Result:
        for _ in range(MAX_ATTEMPTS):
            try:
                result: Result = self._make_pool().submit(evaluate_order, order).result()
            except BrokenProcessPool as problem:
                self._pool = None
                reason = str(problem).splitlines()[0]
            else:
                return result
        return lost(order, reason=reason), b""

    def _make_pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=self._workers,
                timeout=IDLE_SECONDS,
                initializer=_begin_work,
                env=dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
            )
        return self._pool


def _begin_work() -> None:
    """Runs first in a worker: one thread, and Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
