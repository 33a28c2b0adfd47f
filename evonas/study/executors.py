"""Evaluate candidates: in this process, or in a pool of one-thread processes."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, final

import torch
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from evonas.evaluation.evaluate import Evaluation, Protocol, evaluate
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

Result = tuple[Evaluation, bytes]

# a candidate that was being evaluated each time a worker died is given up after this many times
MAX_ATTEMPTS = 2


class AbstractExecutor(ABC):
    """Where candidates are evaluated."""

    name: ClassVar[str]

    @abstractmethod
    def run(
        self, space: Space, genomes: Sequence[Genome], *, protocol: Protocol
    ) -> Iterator[Result]:
        """The result of each genome, in the order in which they become ready."""


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
        return _lost(space, genome, protocol, reason=reason), b""

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


def _lost(space: Space, genome: Genome, protocol: Protocol, *, reason: str) -> Evaluation:
    key = space.key(genome)
    return Evaluation(
        key=key,
        genome=space.format(genome),
        values={},
        weights_by_rule={},
        losses=(),
        epochs=protocol.recipe.epochs,
        seconds=0.0,
        seed=derive_seed(protocol.seed, key),
        failure=f"worker lost: {reason}",
    )


def make_executor(workers: int) -> AbstractExecutor:
    """The executor for ``workers`` processes; one means this process."""
    return InlineExecutor() if workers == 1 else JoblibExecutor(workers)
