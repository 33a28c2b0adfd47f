"""What is trained next: the part of the loop that a replay of the journal repeats.

A plan asks the search and tells it; it sees no worker, no file and no clock. What it orders
depends on the search's seed and on the results that came between its orders, on nothing else: the
events of a journal, in their order, bring it back to where it was.
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

# so many candidates in a row that break a constraint without being trained end the asking
MAX_REFUSALS = 1000

Screen = Callable[[Genome], Evaluation | None]


class AbstractPlan(ABC):
    """Orders jobs and takes their results.

    Args:
        search: newly made.
        space: space of its genomes.
        settings: settings of the run.
        screen: says of a genome whether it breaks a constraint that is known without training: its
            record, or None.

    Attributes:
        settings: settings of the run.
        halving: the rungs.
        finished: the trainings that will not go on, in the order in which this became known;
            without those that were refused.
        num_generations: the number of generations that are over.
        num_asked_in_vain: how often the search had nothing to ask for while trainings ran.
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
        self._epochs_known: tuple[int, int] | None = None  # by how many trainings asked for
        self._num_refused_in_a_row = 0
        self._is_exhausted = False

    @property
    @abstractmethod
    def generation(self) -> int:
        """The generation whose results are coming in, from 0."""

    @property
    def total_epochs(self) -> int:
        """That all trainings together will come to, if none fails, by those asked for so far."""
        asked = len(self._accepted)
        if self._epochs_known is None or self._epochs_known[0] != asked:
            self._epochs_known = asked, self._count_epochs()
        return self._epochs_known[1]

    @abstractmethod
    def _count_epochs(self) -> int:
        """The total of epochs, by the trainings that were asked for."""

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
        one = training_id(evaluation)
        self._running.remove(one)
        self._results[one] = evaluation
        self._compare(evaluation)
        if evaluation.replicate == 0:
            self.halving.add(evaluation)
        if not self.is_over(one):
            self._settle(evaluation)

    def retry(self, one: TrainingId) -> Job:
        """A job for a training that was lost to a cause outside the network.

        Its result takes the place of the failure. The search is told of it unless it was told of
        the failure: each training is told once.

        Raises:
            KeyError: the training has no result.
        """
        failed = self._results[one]
        self._attempts[one] = self._attempts.get(one, 0) + 1
        return self._job(one, failed.epochs, attempt=self._attempts[one])

    def retry_lost(self) -> list[Job]:
        """Jobs for all that was lost to a cause outside the network, and is not under way."""
        lost = [training_id(each) for each in self.evaluations if each.is_lost_from_outside]
        return [self.retry(one) for one in lost if one not in self._running]

    def is_over(self, one: TrainingId) -> bool:
        """Whether a training was told to the search, and is only tried again for its own sake."""
        return one in self._attempts and one in self.finished

    @property
    def why_fewer(self) -> str | None:
        """Why it ended with fewer trainings than were wanted; None where it did not."""
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
        """The last result of one training."""
        return self._results[of]

    @property
    def unfinished(self) -> set[tuple[str, int]]:
        """Key and epochs so far of the candidates that are, or may be, trained on."""
        begun = {each for each, result in self._results.items() if result.epochs}
        return {(each[0], self._results[each].epochs) for each in begun.difference(self.finished)}

    @property
    def first_generation(self) -> list[Evaluation]:
        """The trainings that were finished first, as many as a population."""
        return [self._results[each] for each in self.finished[: self.settings.search.population]]

    @abstractmethod
    def _settle(self, evaluation: Evaluation) -> None:
        """Decide what follows from a result that was just taken."""

    @property
    def _num_wanted(self) -> int:
        """Trainings that may still be asked for."""
        return (
            0 if self._is_exhausted else self.settings.search.num_trainings - len(self._accepted)
        )

    def _ask(self, count: int) -> list[Job]:
        """New trainings until ``count`` of them are to be done, or no more can be had."""
        jobs: list[Job] = []
        missing = count
        # of all of them, also where a generation before was short of networks
        generation = len(self._accepted) // self.settings.search.population
        while missing and not self._is_exhausted:
            trials = self._search.ask(missing, remaining=self._num_wanted)
            if not trials:
                # what is under way, or was just asked for, may be worth another training
                self._is_exhausted = not jobs and not self._running
                self.num_asked_in_vain += not jobs and bool(self._running)
                break
            for trial in trials:
                job = self._begin(trial, generation)
                jobs.append(job)
                missing -= job.refused is None
        # the order of the journal, also where refusals made this several asks
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
            self._tell([one])  # at once: the next ask may learn from it
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
            # who is trained again is measured in full: the mean of bounds would be no value
            rivals=() if one[1] else self._archive.front(),
            refused=refused,
            attempt=attempt,
        )

    def _compare(self, evaluation: Evaluation) -> None:
        """Hold a candidate against the others, by the plain mean of its trainings."""
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
