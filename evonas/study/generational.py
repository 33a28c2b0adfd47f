"""Generation by generation: all of one is told before the next is asked for."""

from typing import final

from evonas.evaluation.evaluate import Evaluation
from evonas.search import AbstractSearch, GuidedSearch, Vector
from evonas.space import Space
from evonas.study.config import RunConfig
from evonas.study.plan import AbstractPlan, Job, Screen


@final
class GenerationalPlan(AbstractPlan):
    """Results do not depend on the order in which the candidates of a generation end.

    With several rungs a generation is a bracket of successive halving: when all of it has come to
    a rung, its best share is trained on; the search is told when none is left to train on.
    """

    def __init__(
        self,
        search: AbstractSearch | GuidedSearch,
        space: Space,
        config: RunConfig,
        *,
        screen: Screen,
    ) -> None:
        super().__init__(search, space, config, screen=screen)
        self._members: list[str] = []
        self._climbing: list[str] = []
        self._rivals: list[Vector] = []

    @property
    def generation(self) -> int:
        """The generation whose results are coming in, from 0."""
        return self.num_generations

    @property
    def total_epochs(self) -> int:
        """That all candidates together will be trained for, if none fails."""
        whole, rest = divmod(self.config.num_candidates, self.config.population)
        sizes = [self.config.population] * whole + [rest]
        return sum(self.ladder.epochs_of(size, share=self.ladder.share) for size in sizes)

    def next_jobs(self) -> list[Job]:
        """A generation, or those of it that go on to the next rung."""
        if self._running:
            return []
        alive = [key for key in self._climbing if self._results[key].failure is None]
        above = self.ladder.above(self._results[alive[0]].epochs) if alive else None
        if above is not None:
            self._climbing = self._best(alive, count=self.ladder.share(len(alive)))
            return [self._job(key, above, rivals=self._rivals) for key in self._climbing]
        if self._members:
            self._finish(self._members)
            self.num_generations += 1
        self._rivals = list(self._archive)
        jobs = self._ask(min(self.config.population, self._num_wanted), rivals=self._rivals)
        self._members = [job.key for job in jobs if job.refused is None]
        self._climbing = list(self._members)
        return jobs

    def _settle(self, evaluation: Evaluation) -> None:
        """Nothing follows before the whole rung is there."""
