"""Any engine with the same number of trainings for every genome: the control."""

from collections.abc import Sequence
from typing import final

from evonas.search.base import AbstractSearch
from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch
from evonas.search.replicates.sample import Sample, samples_of
from evonas.search.replicates.trial import TrialResult
from evonas.space import Genome


@final
class FixedReplicates(AbstractReplicatedSearch):
    """The engine learns the mean of a genome when its last training was told.

    With one training this is the engine itself, ask for ask.

    Args:
        engine: a new one.
        count: trainings of every genome, at least 1.
    """

    def __init__(self, engine: AbstractSearch, *, count: int) -> None:
        super().__init__(engine.problem, num_objectives=engine.num_objectives)
        if count < 1:
            raise ValueError(f"count: expected at least 1, got {count}")
        self._engine = engine
        self._count = count
        self._queue: list[Genome] = []
        self._open: dict[Genome, list[TrialResult]] = {}

    def estimates(self, results: Sequence[TrialResult]) -> list[Estimate]:
        """As :meth:`AbstractReplicatedSearch.estimates`: plain means, with nothing corrected."""
        return [_plain(sample) for sample in samples_of(results)]

    def _propose(self, count: int) -> list[Genome]:
        missing = count - len(self._queue)
        if missing > 0:
            for genome in self._engine.ask(-(-missing // self._count)):
                self._queue += [genome] * self._count
        chosen, self._queue = self._queue[:count], self._queue[count:]
        return chosen

    def _learn(self, results: Sequence[TrialResult]) -> None:
        done = []
        for result in results:
            told = self._open.setdefault(result.trial.genome, [])
            told.append(result)
            if len(told) == self._count:
                done += samples_of(self._open.pop(result.trial.genome))
        self._engine.tell(
            [sample.genome for sample in done],
            [sample.mean for sample in done],
            violations=[sample.violation for sample in done],
        )


def _plain(sample: Sample) -> Estimate:
    return Estimate(
        genome=sample.genome,
        mean=sample.mean,
        standard_error=None,
        replicates=sample.replicates,
        collapsed=sample.collapsed,
        violation=sample.violation,
    )
