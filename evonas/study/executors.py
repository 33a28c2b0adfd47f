"""Evaluate candidates: in this process, in a pool of one-thread processes, or on GPUs."""

import signal
from collections.abc import Iterator, Sequence
from typing import final

import torch
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from evonas.evaluation.devices import devices_of
from evonas.evaluation.evaluate import Protocol, evaluate
from evonas.space import Genome, Space
from evonas.study.device_executor import DeviceExecutor
from evonas.study.executor import AbstractExecutor
from evonas.study.order import MAX_ATTEMPTS, Order, Result, lost

__all__ = ["AbstractExecutor", "InlineExecutor", "JoblibExecutor", "Result", "make_executor"]


@final
class InlineExecutor(AbstractExecutor):
    """One after another, in this process."""

    name = "inline"

    def run(
        self, space: Space, genomes: Sequence[Genome], *, protocol: Protocol
    ) -> Iterator[Result]:
        """The result of each genome, in their order."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in a pool: the same sums in the same order
        try:
            for genome in genomes:
                yield evaluate(space, genome, protocol=protocol)
        finally:
            torch.set_num_threads(threads)


@final
class JoblibExecutor(AbstractExecutor):
    """A joblib pool of processes with one thread each.

    Args:
        workers: processes.
    """

    name = "joblib"

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(
        self, space: Space, genomes: Sequence[Genome], *, protocol: Protocol
    ) -> Iterator[Result]:
        """The result of each genome, as they become ready.

        A worker that dies takes the whole pool with it. What was pending is then tried again one
        candidate at a time, so that the one that kills its worker is found and given up.
        """
        pending = {space.key(genome): genome for genome in genomes}
        try:
            for result in self._pool(self._workers, space, list(pending.values()), protocol):
                del pending[result[0].key]
                yield result
        except TerminatedWorkerError:
            for genome in pending.values():
                yield self._alone(space, genome, protocol)

    def _alone(self, space: Space, genome: Genome, protocol: Protocol) -> Result:
        for _ in range(MAX_ATTEMPTS):
            try:
                # two, though one is idle: joblib runs a pool of one in this very process
                return next(iter(self._pool(2, space, [genome], protocol)))
            except TerminatedWorkerError as problem:
                reason = str(problem).splitlines()[0]
        return lost(Order(space, genome, protocol), reason=reason), b""

    def _pool(
        self, workers: int, space: Space, genomes: Sequence[Genome], protocol: Protocol
    ) -> Iterator[Result]:
        results: Iterator[Result] = Parallel(
            n_jobs=workers,
            backend="loky",
            batch_size=1,
            pre_dispatch="all",
            return_as="generator_unordered",
        )(delayed(_work)(space, genome, protocol) for genome in genomes)
        return results


def _work(space: Space, genome: Genome, protocol: Protocol) -> Result:
    """Runs in a worker: one thread, and Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    return evaluate(space, genome, protocol=protocol)


def make_executor(workers: int, *, device: str = "cpu") -> AbstractExecutor:
    """The executor for ``device``, as a run names it.

    Args:
        workers: processes on the CPU, one means this process; candidates at once on each GPU.
        device: cpu, cuda, cuda:<number> or all.
    """
    if device != "cpu":
        return DeviceExecutor(devices_of(device), slots=workers)
    return InlineExecutor() if workers == 1 else JoblibExecutor(workers)
