"""The loop that joins the floors: ask, evaluate, tell, record; a resumed run is the same loop."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.evaluate import screen
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.search.replicates.replicated_engines import parse_replicates, with_replicates
from evonas.search.supernet_guided.guided_search import GuidedSearch
from evonas.seeds import derive_seed
from evonas.settings import Settings
from evonas.space import Genome
from evonas.study.account import Account
from evonas.study.checkpoints import (
    remove_checkpoints,
    save_checkpoint,
    sweep_checkpoints,
)
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.known import KnownResultsExecutor, known_id
from evonas.study.folder import opened_run
from evonas.study.guidance import make_guided_search
from evonas.study.journal.events import NothingRequested, Retried, Told
from evonas.study.journal.journal import Journal
from evonas.study.models import Models
from evonas.study.operators_file import write_operators
from evonas.study.plans.job import Job, TrainingId, training_id
from evonas.study.plans.modes import PLANS
from evonas.study.plans.orders import order_of, record_jobs
from evonas.study.results.audited import AUDIT, audited, robust_at_most
from evonas.study.results.beliefs import Beliefs
from evonas.study.results.candidate import Candidate, front, representative_of
from evonas.study.results.likely import likely_front
from evonas.study.results.progress import Progress
from evonas.study.results.result import StudyResult
from evonas.study.shape import read_space, run_traits
from evonas.study.signals_file import write_relevance


def run_study(
    folder: Path,
    *,
    executor: AbstractExecutor,
    on_progress: Callable[[Progress], None],
    on_generation: Callable[[Sequence[Candidate]], None] = lambda _: None,
    retry_failed: bool = False,
) -> StudyResult:
    """Run or resume the study in ``folder`` until its last generation.

    An interrupted run first replays its journal: the engine is asked again with the same seed, and
    told the recorded results in the same order.

    Args:
        folder: created by :func:`evonas.study.create.create_run`.
        executor: where candidates are evaluated; does not affect results.
        on_progress: called after every training.
        on_generation: called after every generation, with all candidates so far.
        retry_failed: whether to repeat trainings lost to a cause outside the network.

    Raises:
        RunFolderError: there is no run in the folder, or another process is working on it.
        StorageError: the journal is damaged, or this version of evonas requests other candidates
            than the one that started the run, or trains them to other values.
    """
    with opened_run(folder) as (settings, journal):
        study = _Study(folder, settings, journal, executor, on_progress, on_generation)
        return study.run(retry_failed=retry_failed)


class _Study:
    def __init__(
        self,
        folder: Path,
        settings: Settings,
        journal: Journal,
        executor: AbstractExecutor,
        on_progress: Callable[[Progress], None],
        on_generation: Callable[[Sequence[Candidate]], None],
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._objectives = settings.problem.objectives
        self._journal = journal
        known = journal.known()
        self._known = set(map(known_id, known))
        self._trainer = executor
        self._executor = KnownResultsExecutor(executor, known)
        self._space = read_space(settings, folder)
        self._protocol = Protocol.of(settings)
        self._traits = run_traits(settings, journal)
        self._models = Models(folder, self._space, self._protocol, self._traits)
        self._events = deque(journal.events())
        self._refused = {
            event.evaluation.key: event.evaluation
            for event in self._events
            if isinstance(event, Told) and not event.evaluation.epochs
        }
        self._running: dict[TrainingId, Job] = {}
        self._num_finished = 0
        self._engine = make_guided_search(
            settings, self._space, folder=folder, traits=self._traits
        )
        self._search = with_replicates(
            self._engine,
            seed=derive_seed(settings.search.seed, "replicates"),
            replicates=parse_replicates(settings.search.replicates),
        )
        self._plan = PLANS[settings.search.mode](
            self._search, self._space, settings, screen=self._screen
        )
        self._audited = audited(journal.findings(AUDIT))
        held = robust_at_most(self._audited)
        self._beliefs = Beliefs(settings, self._space, robust_at_most=held)
        self._account = Account(
            folder,
            settings,
            self._beliefs,
            self._models,
            # known results may not have been requested yet
            kept={*self._audited, *(key for key, _, _ in self._known)},
            on_progress=on_progress,
            on_generation=on_generation,
        )

    def run(self, *, retry_failed: bool) -> StudyResult:
        try:
            known = self._beliefs.update(self._journal.evaluations())
            self._models.restore(front(known, self._objectives), self._trainer)
            self._replay()
            if retry_failed:
                self._order(self._plan.retry_lost())
            self._go_on()
            self._account.write(self._plan, is_last=True)
            candidates = self._beliefs.update(self._plan.evaluations)
            likely = likely_front(candidates)
            self._models.restore(likely, self._trainer)
        except BaseException:
            self._executor.close()  # drops pending orders
            raise
        self._models.keep_only({c.key for c in likely} | set(self._audited))
        self._journal.record_end()
        return StudyResult(
            self._settings,
            self._plan.evaluations,
            candidates,
            front(candidates, self._objectives),
            self._account.hypervolumes,
            self._engine.credit() if isinstance(self._engine, GuidedSearch) else {},
            self._plan.why_fewer,
        )

    def _screen(self, genome: Genome) -> Evaluation | None:
        known = self._refused.get(self._space.key(genome))
        return known or screen(self._space, genome, protocol=self._protocol, traits=self._traits)

    def _replay(self) -> None:
        """Replay the journal into the plan, and resubmit its pending jobs."""
        if not self._events:
            return
        while self._events:
            if isinstance(self._events[0], Told):
                told = self._next_told()
                if self._running.pop(training_id(told), None) is None:
                    raise self._other_candidates()
                self._take(told)
            elif isinstance(event := self._events[0], Retried):
                self._check(self._plan.retry((event.key, event.replicate)))
            elif isinstance(self._events[0], NothingRequested):
                self._events.popleft()
                if self._plan.next_jobs():
                    raise self._other_candidates()
            else:
                jobs = self._plan.next_jobs()
                if not jobs:
                    raise self._other_candidates()
                for job in jobs:
                    self._check(job)
            self._update_ended_generations()
        sweep_checkpoints(self._folder, self._plan.unfinished)
        for job in self._running.values():
            self._submit(job)
        self._account.write(self._plan)
        self._account.report(self._plan)

    def _check(self, job: Job) -> None:
        """Check a job against the next order in the journal."""
        if not self._events or self._events.popleft() != job.event:
            raise self._other_candidates()
        if job.refused is None:
            self._running[job.id] = job
        elif self._next_told().key != job.key:
            raise self._other_candidates()

    def _next_told(self) -> Evaluation:
        event = self._events.popleft() if self._events else None
        if not isinstance(event, Told):
            raise self._other_candidates()
        return event.evaluation

    def _other_candidates(self) -> StorageError:
        return StorageError(
            f"{self._folder}: generation {self._plan.num_generations} of this run cannot be "
            f"reproduced: it held other candidates, made by another version of evonas or pymoo "
            f"(see config.yaml)"
        )

    def _go_on(self) -> None:
        while True:
            while len(self._running) < self._executor.capacity:
                in_vain = self._plan.num_asked_in_vain
                jobs = self._plan.next_jobs()
                if self._update_ended_generations():
                    self._account.write(self._plan)
                if self._plan.num_asked_in_vain > in_vain:
                    self._journal.record_nothing_requested()
                if not jobs:
                    break
                self._order(jobs)
            if not self._running:
                return
            if self._keep(*self._executor.next_done()) | self._update_ended_generations():
                self._account.write(self._plan)
            self._account.report(self._plan)

    def _order(self, jobs: Sequence[Job]) -> None:
        record_jobs(self._journal, jobs, self._space)
        for job in jobs:
            if job.refused is None:
                self._running[job.id] = job
                self._submit(job)

    def _submit(self, job: Job) -> None:
        known = self._plan.result(job.id) if job.is_promoted else None
        order = order_of(
            job, known, folder=self._folder, space=self._space, protocol=self._protocol
        )
        self._executor.submit(order)

    def _keep(self, evaluation: Evaluation, blob: bytes) -> bool:
        """Store a result; returns whether its generation is complete."""
        key, epochs = evaluation.key, evaluation.epochs
        job = self._running.pop(training_id(evaluation))
        is_over = self._plan.is_over(job.id)
        if job.is_promoted and known_id(evaluation) not in self._known:
            so_far = self._plan.result(training_id(evaluation)).seconds
            evaluation = replace(evaluation, seconds=evaluation.seconds + so_far)
        # files first: a journal row implies that they exist
        if not evaluation.contends:
            if blob and not is_over:
                save_checkpoint(self._folder, key, epochs, blob)
        elif blob and self._is_representative(evaluation):
            self._models.save(evaluation, blob)
        self._journal.record_tell(evaluation, attempt=job.attempt)
        self._take(evaluation)
        remove_checkpoints(self._folder, [key], below=epochs)
        return is_over

    def _is_representative(self, evaluation: Evaluation) -> bool:
        """Whether these weights are from the candidate's representative training so far."""
        mine = self._account.trainings(evaluation.key)
        mine = sorted([*mine, evaluation], key=lambda e: e.replicate)
        return representative_of(mine).replicate == evaluation.replicate

    def _take(self, evaluation: Evaluation) -> None:
        self._plan.take(evaluation)
        self._account.note(evaluation)

    def _update_ended_generations(self) -> bool:
        """Whether a generation has ended since the last call."""
        if len(self._settings.training.rungs) > 1:
            ended = self._plan.finished[self._num_finished :]
            remove_checkpoints(self._folder, [key for key, replicate in ended if not replicate])
        self._num_finished = len(self._plan.finished)
        has_ended = self._account.end_generations(self._plan)
        # at the same moments as in a replay: looking makes the search learn from waiting results
        if has_ended and isinstance(self._engine, GuidedSearch):
            self._search.learn()
            write_operators(self._folder, self._engine)
        if has_ended and self._settings.search.signals:
            write_relevance(self._folder, self._engine.relevance, objectives=self._objectives)
        return has_ended
