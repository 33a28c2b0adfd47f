"""Any engine, with the same number of trainings for every genome; serves as the control."""

from collections.abc import Sequence
from typing import final

from evonas.search.ask_and_tell import AskAndTell
from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.plain_estimates import plain_estimates
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch
from evonas.search.replicates.sample import samples_of
from evonas.search.replicates.trial import TrialResult
from evonas.space import Genome


@final
class FixedReplicates(AbstractReplicatedSearch):
    """Tells the engine the mean of a genome once its last training has a result.

    If the first training of a genome is whole, its other trainings are asked for before new
    genomes. With one training per genome, it asks exactly what the engine asks.

    Args:
        engine: new engine.
        count: number of trainings of every genome, at least 1.
    """

    def __init__(self, engine: AskAndTell, *, count: int) -> None:
        super().__init__(engine.problem, num_objectives=engine.num_objectives)
        if count < 1:
            raise ValueError(f"count: expected at least 1, got {count}")
        self._engine = engine
        self._count = count
        self._again: list[Genome] = []
        self._open: dict[Genome, list[TrialResult]] = {}

    def estimates(self, results: Sequence[TrialResult]) -> list[Estimate]:
        """Return plain means; see :meth:`AbstractReplicatedSearch.estimates`."""
        return plain_estimates(results, num_objectives=self.num_objectives, enough=self._count)

    def _propose(self, count: int, remaining: int) -> list[Genome]:  # noqa: ARG002
        again, self._again = self._again[:count], self._again[count:]
        new = self._engine.ask(count - len(again)) if len(again) < count else []
        return [*new, *again]

    def _learn(self, results: Sequence[TrialResult]) -> None:
        done = []
        for result in results:
            genome = result.trial.genome
            told = self._open.setdefault(genome, [])
            told.append(result)
            if result.trial.replicate == 0 and result.is_whole:
                self._again += [genome] * (self._count - 1)
            if len(told) == self._count or not result.is_whole:
                done += samples_of(self._open.pop(genome))
        self._engine.tell(
            [sample.genome for sample in done],
            [sample.mean for sample in done],
            violations=[sample.violation for sample in done],
        )
