"""The plan: decides what to train next, and is replayed from the journal.

A plan asks and tells the search; it sees no worker, no file and no clock. Its orders depend only
on the search's seed and on the sequence of results: replaying the events of a journal in order
restores its state.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from statistics import fmean

from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch
from evonas.search.replicates.trial import Trial
from evonas.settings import Settings
from evonas.space import Genome, Space
from evonas.study.plans.archive import Archive
from evonas.study.plans.job import Job, TrainingId, training_id
from evonas.study.plans.successive_halving import SuccessiveHalving
from evonas.study.results.trainings import is_whole
from evonas.study.results.vectors import told, vector

# the search ends after this many consecutive candidates that violate a constraint untrained
MAX_REFUSALS = 1000

Screen = Callable[[Genome], Evaluation | None]


class AbstractPlan(ABC):
    """Orders jobs and takes their results.

    Args:
        search: a new search.
        space: space of its genomes.
        settings: settings of the run.
        screen: for a genome that violates a constraint known without training, returns its record;
            otherwise None.

    Attributes:
        settings: settings of the run.
        halving: the rungs.
        finished: the completed trainings, in the order of completion; without refused ones.
        num_generations: the number of generations that are over.
        num_asked_in_vain: how often the search had no request while trainings ran.
    """

    def __init__(
        self,
        search: AbstractReplicatedSearch,
        space: Space,
        settings: Settings,
        *,
        screen: Screen,
    ) -> None:
        self.settings = settings
        self.halving = SuccessiveHalving(
            settings.training.rungs, settings.problem.objectives, eta=settings.training.eta
        )
        self.finished: list[TrainingId] = []
        self.num_generations = 0
        self.num_asked_in_vain = 0
        self._search = search
        self._space = space
        self._screen = screen
        self._trials: dict[TrainingId, Trial] = {}
        self._generations: dict[TrainingId, int] = {}
        self._results: dict[TrainingId, Evaluation] = {}
        self._points: dict[str, dict[int, Vector]] = {}
        self._archive = Archive()
        self._running: set[TrainingId] = set()
        self._attempts: dict[TrainingId, int] = {}
        self._accepted: list[TrainingId] = []
        self._epochs_known: tuple[int, int] | None = None  # by number of requested trainings
        self._num_refused_in_a_row = 0
        self._is_exhausted = False

    @property
    @abstractmethod
    def generation(self) -> int:
        """The generation being evaluated, from 0."""

    @property
    def total_epochs(self) -> int:
        """Total epochs of all trainings, if none fails, estimated from those requested so far."""
        asked = len(self._accepted)
        if self._epochs_known is None or self._epochs_known[0] != asked:
            self._epochs_known = asked, self._count_epochs()
        return self._epochs_known[1]

    @abstractmethod
    def _count_epochs(self) -> int:
        """The total of epochs, from the requested trainings."""

    @abstractmethod
    def next_jobs(self) -> list[Job]:
        """The next jobs; call it when a worker is free.

        Returns:
            Nothing while results are missing, and nothing at the end.
        """

    def take(self, evaluation: Evaluation) -> None:
        """Take the result of a job; jobs may finish in any order.

        Raises:
            KeyError: there is no such job.
        """
        one = training_id(evaluation)
        self._running.remove(one)
        self._results[one] = evaluation
        self._compare(evaluation)
        if evaluation.replicate == 0:
            self.halving.add(evaluation)
        if not self.is_over(one):
            self._settle(evaluation)

    def retry(self, one: TrainingId) -> Job:
        """A job for a training lost to a cause outside the network.

        Its result replaces the failure. The search receives it unless it has received the failure:
        each training is told once.

        Raises:
            KeyError: the training has no result.
        """
        failed = self._results[one]
        self._attempts[one] = self._attempts.get(one, 0) + 1
        return self._job(one, failed.epochs, attempt=self._attempts[one])

    def retry_lost(self) -> list[Job]:
        """Jobs for all trainings lost to a cause outside the network and not running."""
        lost = [training_id(each) for each in self.evaluations if each.is_lost_from_outside]
        return [self.retry(one) for one in lost if one not in self._running]

    def is_over(self, one: TrainingId) -> bool:
        """Whether the search has already been told of a training that is being retried."""
        return one in self._attempts and one in self.finished

    @property
    def why_fewer(self) -> str | None:
        """Why it ended with fewer trainings than requested; None if it did not."""
        if not self._is_exhausted or len(self._accepted) >= self.settings.search.num_trainings:
            return None
        if self._num_refused_in_a_row >= MAX_REFUSALS:
            return (
                f"the last {MAX_REFUSALS} candidates that the search asked for violate a "
                f"constraint that is checked without training"
            )
        return "the search finds no untried network in this space any more"

    @property
    def evaluations(self) -> list[Evaluation]:
        """The last result of every training that has one, in the order of asking."""
        return [self._results[each] for each in self._trials if each in self._results]

    def result(self, of: TrainingId) -> Evaluation:
        """The last result of a training."""
        return self._results[of]

    @property
    def unfinished(self) -> set[tuple[str, int]]:
        """Key and epochs so far of candidates that are or may be trained further."""
        begun = {each for each, result in self._results.items() if result.epochs}
        return {(each[0], self._results[each].epochs) for each in begun.difference(self.finished)}

    @property
    def first_generation(self) -> list[Evaluation]:
        """The first finished trainings, as many as a population."""
        return [self._results[each] for each in self.finished[: self.settings.search.population]]

    @abstractmethod
    def _settle(self, evaluation: Evaluation) -> None:
        """Decide what follows from the latest result."""

    @property
    def _num_wanted(self) -> int:
        """Number of trainings left in the budget."""
        return (
            0 if self._is_exhausted else self.settings.search.num_trainings - len(self._accepted)
        )

    def _ask(self, count: int) -> list[Job]:
        """Request trainings until ``count`` need evaluation or the search has no more."""
        jobs: list[Job] = []
        missing = count
        # counted over all, even if an earlier generation was incomplete
        generation = len(self._accepted) // self.settings.search.population
        while missing and not self._is_exhausted:
            trials = self._search.ask(missing, remaining=self._num_wanted)
            if not trials:
                # running or newly requested candidates may be worth another replicate
                self._is_exhausted = not jobs and not self._running
                self.num_asked_in_vain += not jobs and bool(self._running)
                break
            for trial in trials:
                job = self._begin(trial, generation)
                jobs.append(job)
                missing -= job.refused is None
        # the order of the journal, even if refusals led to several asks
        return sorted(jobs, key=lambda job: job.replicate > 0)

    def _begin(self, trial: Trial, generation: int) -> Job:
        one = self._space.key(trial.genome), trial.replicate
        refused = None if trial.replicate else self._screen(trial.genome)
        self._trials[one] = trial
        self._generations[one] = generation
        if refused is None:
            self._accepted.append(one)
            self._num_refused_in_a_row = 0
        else:
            self._results[one] = refused
            self._tell([one])  # immediately: the next ask may learn from it
            self._num_refused_in_a_row += 1
            self._is_exhausted |= self._num_refused_in_a_row >= MAX_REFUSALS
        rungs = self.halving.rungs
        return self._job(one, rungs[-1] if trial.replicate else rungs[0], refused=refused)

    def _job(
        self,
        one: TrainingId,
        epochs: int,
        *,
        refused: Evaluation | None = None,
        attempt: int = 0,
    ) -> Job:
        if refused is None:
            self._running.add(one)
        return Job(
            key=one[0],
            genome=self._trials[one].genome,
            replicate=one[1],
            generation=self._generations[one],
            epochs=epochs,
            is_promoted=one in self._results and refused is None and not attempt,
            # replicated candidates are measured in full: a mean of bounds would not be a value
            rivals=() if one[1] else self._archive.front(),
            refused=refused,
            attempt=attempt,
        )

    def _compare(self, evaluation: Evaluation) -> None:
        """Compare a candidate with the others, by the plain mean of its trainings."""
        points = self._points.setdefault(evaluation.key, {})
        point = vector(evaluation, self.settings.problem.objectives)
        if point is not None:
            points[evaluation.replicate] = point
        some = list(points.values())
        mean = some[0] if len(some) == 1 else tuple(map(fmean, zip(*some, strict=True)))
        self._archive.put(evaluation.key, mean or None)

    def _best(self, keys: Sequence[str], *, count: int) -> list[str]:
        asked = [key for key, replicate in self._trials if replicate == 0]
        return self.halving.best(keys, count=count, asked=asked)

    def _finish(self, trainings: Sequence[TrainingId]) -> None:
        self._tell(trainings)
        self.finished += trainings

    def _tell(self, trainings: Sequence[TrainingId]) -> None:
        results = [self._results[each] for each in trainings]
        pairs = [told(result, self.settings.problem.objectives) for result in results]
        self._search.tell(
            [self._trials[each] for each in trainings],
            [values for values, _ in pairs],
            violations=[violation for _, violation in pairs],
            whole=[is_whole(result) for result in results],
            learned=[result.learned for result in results],
        )
