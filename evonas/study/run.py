"""The loop that joins the floors: ask, evaluate, tell, record; a resumed run is the same loop."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.evaluate import screen
from evonas.evaluation.model_file import with_description
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.schema import read_text
from evonas.search.supernet_guided.guided_search import GuidedSearch
from evonas.settings import Settings
from evonas.space import Genome
from evonas.study.checkpoints import (
    read_checkpoint,
    remove_checkpoints,
    save_checkpoint,
    sweep_checkpoints,
)
from evonas.study.config import SPACE_FILE
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order
from evonas.study.folder import opened_run
from evonas.study.guidance import make_guided_search
from evonas.study.journal import Asked, Journal, Promoted, Told
from evonas.study.operators_file import write_operators
from evonas.study.plans.base import AbstractPlan, Job
from evonas.study.plans.generational import GenerationalPlan
from evonas.study.plans.steady import SteadyPlan
from evonas.study.progress import Progress, archive_hypervolume, best, front
from evonas.study.result import StudyResult
from evonas.study.shape import read_space, run_traits
from evonas.study.weights import keep_only, save_weights, weights_path

PLANS: dict[str, type[AbstractPlan]] = {"generational": GenerationalPlan, "steady": SteadyPlan}


def run_study(
    folder: Path,
    *,
    executor: AbstractExecutor,
    on_progress: Callable[[Progress], None],
    on_generation: Callable[[Sequence[Evaluation]], None] = lambda _: None,
) -> StudyResult:
    """Run, or go on with, the study in ``folder`` until its last generation.

    A run that was interrupted first goes through its journal: the engine is asked again with the
    same seed, and told what was told, in the same order. Then it goes on from there.

    Args:
        folder: made by :func:`evonas.study.folder.create_run`.
        executor: where candidates are evaluated; it does not change any result.
        on_progress: is called after every candidate.
        on_generation: is called after every generation, with all evaluations so far.

    Raises:
        RunFolderError: there is no run in the folder, or another process is at work on it.
        StorageError: the journal is damaged, or this version of evonas asks for other candidates
            than the one that began the run, or trains them to other values.
    """
    with opened_run(folder) as (settings, journal):
        return _Study(folder, settings, journal, executor, on_progress, on_generation).run()


class _Study:
    def __init__(
        self,
        folder: Path,
        settings: Settings,
        journal: Journal,
        executor: AbstractExecutor,
        on_progress: Callable[[Progress], None],
        on_generation: Callable[[Sequence[Evaluation]], None],
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._journal = journal
        self._executor = executor
        self._on_progress = on_progress
        self._on_generation = on_generation
        self._space = read_space(settings, folder)
        self._protocol = Protocol.of(settings)
        self._traits = run_traits(settings)
        self._events = deque(journal.events())
        self._refused = {
            event.evaluation.key: event.evaluation
            for event in self._events
            if isinstance(event, Told) and not event.evaluation.epochs
        }
        self._running: dict[str, Job] = {}
        self._hypervolumes: list[float | None] = []
        self._num_finished = 0
        self._search = make_guided_search(settings, self._space)
        self._plan = PLANS[settings.search.mode](
            self._search, self._space, settings, screen=self._screen
        )

    def run(self) -> StudyResult:
        try:
            self._restore_weights()
            self._replay()
            self._go_on()
        except BaseException:
            self._executor.close()  # gives up what was ordered
            raise
        evaluations = self._plan.evaluations
        return StudyResult(
            self._settings,
            evaluations,
            front(evaluations, self._settings.problem.objectives),
            self._hypervolumes,
            self._search.credit() if isinstance(self._search, GuidedSearch) else {},
        )

    def _screen(self, genome: Genome) -> Evaluation | None:
        known = self._refused.get(self._space.key(genome))
        return known or screen(self._space, genome, protocol=self._protocol, traits=self._traits)

    def _restore_weights(self) -> None:
        """Train the candidates of the front again whose weights have vanished from the folder."""
        known = self._journal.evaluations()
        lost = {
            e.key: e
            for e in front(known, self._settings.problem.objectives)
            if not weights_path(self._folder, e.key).exists()
        }
        genomes = [self._space.parse(e.genome) for e in lost.values()]
        for again, weights in self._executor.run(self._space, genomes, protocol=self._protocol):
            if again.values != lost[again.key].values:
                raise StorageError(
                    f"{weights_path(self._folder, again.key)}: missing, and cannot be made again: "
                    "here the candidate trains to other values than the journal holds"
                )
            self._save(again, weights)

    def _replay(self) -> None:
        """Bring the plan to where the journal ends, and order again what it was waiting for."""
        if not self._events:
            return
        while self._events:
            if isinstance(self._events[0], Told):
                told = self._next_told()
                if self._running.pop(told.key, None) is None:
                    raise self._other_candidates()
                self._plan.take(told)
            else:
                jobs = self._plan.next_jobs()
                if not jobs:
                    raise self._other_candidates()
                for job in jobs:
                    self._check(job)
            self._note_what_ended()
        sweep_checkpoints(self._folder, self._plan.unfinished)
        for job in self._running.values():
            self._submit(job)
        self._end_generation()
        self._report()

    def _check(self, job: Job) -> None:
        """Hold a job against what the journal says was ordered next."""
        ordered = Asked(job.key, job.generation) if job.is_new else Promoted(job.key, job.epochs)
        if not self._events or self._events.popleft() != ordered:
            raise self._other_candidates()
        if job.refused is None:
            self._running[job.key] = job
        elif self._next_told().key != job.key:
            raise self._other_candidates()

    def _next_told(self) -> Evaluation:
        event = self._events.popleft() if self._events else None
        if not isinstance(event, Told):
            raise self._other_candidates()
        return event.evaluation

    def _other_candidates(self) -> StorageError:
        return StorageError(
            f"{self._folder}: generation {self._plan.num_generations} of this run held other "
            "candidates; it was made by another version of evonas or of pymoo (see config.yaml)"
        )

    def _go_on(self) -> None:
        while True:
            while len(self._running) < self._executor.capacity:
                jobs = self._plan.next_jobs()
                if self._note_what_ended():
                    self._end_generation()
                if not jobs:
                    break
                self._order(jobs)
            if not self._running:
                return
            self._keep(*self._executor.next_done())
            if self._note_what_ended():
                self._end_generation()
            self._report()

    def _order(self, jobs: Sequence[Job]) -> None:
        first = jobs[0]
        if first.is_new:
            self._journal.record_asks(
                [(job.key, self._space.format(job.genome)) for job in jobs],
                generation=first.generation,
                refused=[job.refused for job in jobs if job.refused is not None],
            )
        else:
            self._journal.record_promotions([job.key for job in jobs], epochs=first.epochs)
        for job in jobs:
            if job.refused is None:
                self._running[job.key] = job
                self._submit(job)

    def _submit(self, job: Job) -> None:
        checkpoint = b""
        if not job.is_new:
            so_far = self._plan.result(job.key).epochs
            checkpoint = read_checkpoint(self._folder, job.key, so_far)
        stage = Stage(job.epochs, checkpoint, job.rivals)
        self._executor.submit(Order(self._space, job.genome, self._protocol, stage))

    def _keep(self, evaluation: Evaluation, blob: bytes) -> None:
        key, epochs = evaluation.key, evaluation.epochs
        if not self._running.pop(key).is_new:
            so_far = self._plan.result(key).seconds
            evaluation = replace(evaluation, seconds=evaluation.seconds + so_far)
        # files first: a journal row promises that they are there
        if not evaluation.contends:
            if blob:
                save_checkpoint(self._folder, key, epochs, blob)
        elif evaluation in front(
            [*self._plan.evaluations, evaluation], self._settings.problem.objectives
        ):
            self._save(evaluation, blob)
        self._journal.record_tell(evaluation)
        self._plan.take(evaluation)
        remove_checkpoints(self._folder, [key], below=epochs)

    def _save(self, evaluation: Evaluation, weights: bytes) -> None:
        """Write the model of a candidate, with all that is needed to use it."""
        model = with_description(
            weights,
            self._space,
            genome=evaluation.genome,
            key=evaluation.key,
            traits=self._traits,
            space_text=read_text(self._folder / SPACE_FILE),
            seed=evaluation.seed,
        )
        save_weights(self._folder, evaluation.key, model)

    def _note_what_ended(self) -> bool:
        """Whether a generation has come to its end since this was asked."""
        if len(self._settings.training.rungs) > 1:
            remove_checkpoints(self._folder, self._plan.finished[self._num_finished :])
        self._num_finished = len(self._plan.finished)
        missing = self._plan.num_generations - len(self._hypervolumes)
        self._hypervolumes += [self._hypervolume()] * missing
        # at the same moments in a replay: the search learns what waits when it is looked at
        if missing and isinstance(self._search, GuidedSearch):
            write_operators(self._folder, self._search)
        return missing > 0

    def _end_generation(self) -> None:
        evaluations = self._plan.evaluations
        chosen = front(evaluations, self._settings.problem.objectives)
        keep_only(self._folder, {evaluation.key for evaluation in chosen})
        self._on_generation(evaluations)

    def _hypervolume(self) -> float | None:
        return archive_hypervolume(
            self._plan.evaluations,
            self._settings.problem.objectives,
            reference_generation=self._plan.first_generation,
        )

    def _report(self) -> None:
        evaluations, objectives = self._plan.evaluations, self._settings.problem.objectives
        self._on_progress(
            Progress(
                done=sum(e.epochs > 0 for e in evaluations),
                total=self._settings.search.num_candidates,
                epochs_done=sum(e.epochs for e in evaluations),
                epochs_total=self._plan.total_epochs,
                failures=sum(e.failure is not None for e in evaluations),
                generation=self._plan.generation,
                best=best(evaluations, objectives),
                hypervolume=self._hypervolume() if self._plan.num_generations else None,
                front_size=len(front(evaluations, objectives)),
            )
        )
