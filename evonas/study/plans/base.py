"""What is trained next: the part of the loop that a replay of the journal repeats.

A plan asks the search and tells it; it sees no worker, no file and no clock. What it orders
depends on the search's seed and on the results that came between its orders, on nothing else: the
events of a journal, in their order, bring it back to where it was.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evonas.evaluation.record import Evaluation
from evonas.search.base import AbstractSearch
from evonas.search.pareto import Vector, non_dominated
from evonas.search.supernet_guided.guided_search import GuidedSearch
from evonas.settings import Settings
from evonas.space import Genome, Space
from evonas.study.plans.successive_halving import SuccessiveHalving
from evonas.study.progress import told, vector

# so many candidates in a row that break a constraint without being trained end the asking
MAX_REFUSALS = 1000

Screen = Callable[[Genome], Evaluation | None]


@dataclass(frozen=True)
class Job:
    """One candidate, to be trained up to some epoch.

    Attributes:
        key: of the candidate.
        genome: of the candidate.
        generation: it was asked for in.
        epochs: it is trained up to the end of this one.
        is_new: it was just asked for; else it was on the rung below.
        rivals: vectors of the front when it was ordered, which gate its expensive objectives.
        refused: its record if a constraint is broken without training: then nothing is to be done.
    """

    key: str
    genome: Genome
    generation: int
    epochs: int
    is_new: bool
    rivals: tuple[Vector, ...]
    refused: Evaluation | None = None


class AbstractPlan(ABC):
    """Orders jobs and takes their results.

    Args:
        search: newly made.
        space: of its genomes.
        settings: of the run.
        screen: says of a genome whether it breaks a constraint that is known without training: its
            record, or None.

    Attributes:
        settings: of the run.
        halving: the rungs.
        finished: keys of the candidates that will not be trained on, in the order in which this
            became known; without those that were refused.
        num_generations: that are over.
    """

    def __init__(
        self,
        search: AbstractSearch | GuidedSearch,
        space: Space,
        settings: Settings,
        *,
        screen: Screen,
    ) -> None:
        self.settings = settings
        self.halving = SuccessiveHalving(
            settings.training.rungs, settings.problem.objectives, eta=settings.training.eta
        )
        self.finished: list[str] = []
        self.num_generations = 0
        self._search = search
        self._space = space
        self._screen = screen
        self._genomes: dict[str, Genome] = {}
        self._generations: dict[str, int] = {}
        self._results: dict[str, Evaluation] = {}
        self._archive: list[Vector] = []
        self._running: set[str] = set()
        self._accepted: list[str] = []
        self._num_refused_in_a_row = 0
        self._is_exhausted = False

    @property
    @abstractmethod
    def generation(self) -> int:
        """The generation whose results are coming in, from 0."""

    @property
    @abstractmethod
    def total_epochs(self) -> int:
        """That all candidates together will be trained for, if none fails."""

    @abstractmethod
    def next_jobs(self) -> list[Job]:
        """What to do next; to be called when a worker is free.

        Returns:
            Nothing while results must come first, and nothing at the end, when all have come.
        """

    def take(self, evaluation: Evaluation) -> None:
        """The result of a job, in whatever order the jobs end.

        Raises:
            KeyError: there is no such job.
        """
        self._running.remove(evaluation.key)
        self._results[evaluation.key] = evaluation
        self.halving.add(evaluation)
        point = vector(evaluation, self.settings.problem.objectives)
        if point is not None:
            points = [*self._archive, point]
            self._archive = [p for p, k in zip(points, non_dominated(points), strict=True) if k]
        self._settle(evaluation)

    @property
    def evaluations(self) -> list[Evaluation]:
        """The last result of every candidate that has one, in the order of asking."""
        return [self._results[key] for key in self._genomes if key in self._results]

    def result(self, key: str) -> Evaluation:
        """The last result of one candidate."""
        return self._results[key]

    @property
    def unfinished(self) -> set[tuple[str, int]]:
        """Key and epochs so far of the candidates that are, or may be, trained on."""
        begun = {key for key, result in self._results.items() if result.epochs}
        return {(key, self._results[key].epochs) for key in begun.difference(self.finished)}

    @property
    def first_generation(self) -> list[Evaluation]:
        """The candidates that were finished first, as many as a population."""
        return [self._results[key] for key in self.finished[: self.settings.search.population]]

    @abstractmethod
    def _settle(self, evaluation: Evaluation) -> None:
        """Decide what follows from a result that was just taken."""

    @property
    def _num_wanted(self) -> int:
        """New candidates that may still be asked for."""
        return (
            0 if self._is_exhausted else self.settings.search.num_candidates - len(self._accepted)
        )

    def _ask(self, count: int) -> list[Job]:
        """New candidates until ``count`` of them are to be trained, or no more can be had."""
        jobs: list[Job] = []
        missing = count
        while missing and not self._is_exhausted:
            genomes = self._search.ask(missing)
            self._is_exhausted = not genomes
            for genome in genomes:
                job = self._new_job(genome)
                jobs.append(job)
                missing -= job.refused is None
        return jobs

    def _new_job(self, genome: Genome) -> Job:
        key, refused = self._space.key(genome), self._screen(genome)
        self._genomes[key] = genome
        self._generations[key] = len(self._accepted) // self.settings.search.population
        if refused is None:
            self._accepted.append(key)
            self._num_refused_in_a_row = 0
        else:
            self._results[key] = refused
            self._tell([key])  # at once: the next ask may learn from it
            self._num_refused_in_a_row += 1
            self._is_exhausted |= self._num_refused_in_a_row >= MAX_REFUSALS
        return self._job(key, self.halving.rungs[0], refused=refused)

    def _job(self, key: str, epochs: int, *, refused: Evaluation | None = None) -> Job:
        if refused is None:
            self._running.add(key)
        is_new = epochs == self.halving.rungs[0]
        generation, rivals = self._generations[key], tuple(self._archive)
        return Job(key, self._genomes[key], generation, epochs, is_new, rivals, refused)

    def _best(self, keys: Sequence[str], *, count: int) -> list[str]:
        return self.halving.best(keys, count=count, asked=list(self._genomes))

    def _finish(self, keys: Sequence[str]) -> None:
        self._tell(keys)
        self.finished += keys

    def _tell(self, keys: Sequence[str]) -> None:
        pairs = [told(self._results[key], self.settings.problem.objectives) for key in keys]
        self._search.tell(
            [self._genomes[key] for key in keys],
            [values for values, _ in pairs],
            violations=[violation for _, violation in pairs],
        )
