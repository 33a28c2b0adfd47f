"""Generation by generation: all of one is told before the next is asked for."""

from typing import final

from evonas.evaluation.record import Evaluation
from evonas.study.plans.base import AbstractPlan, Job


@final
class GenerationalPlan(AbstractPlan):
    """Results do not depend on the order in which the candidates of a generation end.

    With several rungs a generation is a bracket of successive halving: when all of it has come to
    a rung, its best share is trained on; the search is told when none is left to train on.
    """

    @property
    def generation(self) -> int:
        """The generation whose results are coming in, from 0."""
        return self.num_generations

    @property
    def total_epochs(self) -> int:
        """That all candidates together will be trained for, if none fails."""
        whole, rest = divmod(self.settings.search.num_candidates, self.settings.search.population)
        sizes = [self.settings.search.population] * whole + [rest]
        return sum(self.halving.epochs_of(size, share=self.halving.share) for size in sizes)

    def next_jobs(self) -> list[Job]:
        """A generation, or those of it that go on to the next rung."""
        if self._running:
            return []
        members = self._accepted[len(self.finished) :]
        if members:
            rung = max(self._results[key].epochs for key in members)
            climbed = [key for key in members if self._results[key].epochs == rung]
            alive = [key for key in climbed if self._results[key].failure is None]
            above = self.halving.above(rung)
            if alive and above is not None:
                best = self._best(alive, count=self.halving.share(len(alive)))
                return [self._job(key, above) for key in best]
            self._finish(members)
            self.num_generations += 1
        return self._ask(min(self.settings.search.population, self._num_wanted))

    def _settle(self, evaluation: Evaluation) -> None:
        """Nothing follows before the whole rung is there."""
