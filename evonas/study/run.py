"""The loop that joins the floors: ask, evaluate, tell, record; a resumed run is the same loop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.evaluate import Evaluation
from evonas.search import Credit, GuidedSearch
from evonas.space import Genome
from evonas.study.config import RunConfig, read_space
from evonas.study.credit import write_operators
from evonas.study.executors import AbstractExecutor
from evonas.study.folder import opened_run
from evonas.study.guidance import make_guided_search
from evonas.study.journal import Journal
from evonas.study.progress import Progress, archive_hypervolume, best, front, vector
from evonas.study.weights import keep_only, save_weights, weights_path


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        config: it was run with.
        evaluations: in the order in which they were asked for.
        front: those that none dominates.
        hypervolumes: of the archive after each generation.
        credit: of each operator; empty unless the run had more than one.
    """

    config: RunConfig
    evaluations: list[Evaluation]
    front: list[Evaluation]
    hypervolumes: list[float | None]
    credit: dict[str, Credit]


def run_study(
    folder: Path,
    *,
    executor: AbstractExecutor,
    on_progress: Callable[[Progress], None],
    on_generation: Callable[[Sequence[Evaluation]], None] = lambda _: None,
) -> StudyResult:
    """Run, or go on with, the study in ``folder`` until its last generation.

    A run that was interrupted goes through the same loop from the start: the engine is asked again
    with the same seed, and candidates that the journal knows are told from it instead of trained.

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
    with opened_run(folder) as (config, journal):
        return _Study(folder, config, journal, executor, on_progress, on_generation).run()


class _Study:
    def __init__(
        self,
        folder: Path,
        config: RunConfig,
        journal: Journal,
        executor: AbstractExecutor,
        on_progress: Callable[[Progress], None],
        on_generation: Callable[[Sequence[Evaluation]], None],
    ) -> None:
        self._folder = folder
        self._config = config
        self._journal = journal
        self._executor = executor
        self._on_progress = on_progress
        self._on_generation = on_generation
        self._space = read_space(config, folder)
        self._known = {evaluation.key: evaluation for evaluation in journal.evaluations()}
        self._asked = journal.asks()
        self._done: list[Evaluation] = []
        self._first_generation: list[Evaluation] = []
        self._hypervolumes: list[float | None] = []

    def run(self) -> StudyResult:
        self._restore_weights()
        config = self._config
        search = make_guided_search(config, self._space)
        for generation in range(config.generations):
            count = min(config.population, config.evaluations - len(self._done))
            genomes = search.ask(count) if count > 0 else []
            if not genomes:
                break
            self._record_asks(genomes, generation=generation)
            told = self._evaluate(genomes, generation=generation)
            search.tell(genomes, [vector(e, config.objectives) for e in told])
            if isinstance(search, GuidedSearch):
                write_operators(self._folder, search)
            self._end_generation(told)
        return StudyResult(
            config,
            self._done,
            front(self._done, config.objectives),
            self._hypervolumes,
            search.credit() if isinstance(search, GuidedSearch) else {},
        )

    def _restore_weights(self) -> None:
        """Train the candidates of the front again whose weights have vanished from the folder."""
        lost = {
            e.key: e
            for e in front(list(self._known.values()), self._config.objectives)
            if not weights_path(self._folder, e.key).exists()
        }
        genomes = [self._space.parse(e.genome) for e in lost.values()]
        for again, weights in self._executor.run(
            self._space, genomes, protocol=self._config.protocol()
        ):
            if again.values != lost[again.key].values:
                raise StorageError(
                    f"{weights_path(self._folder, again.key)}: missing, and cannot be made again: "
                    "here the candidate trains to other values than the journal holds"
                )
            save_weights(self._folder, again.key, weights)

    def _record_asks(self, genomes: Sequence[Genome], *, generation: int) -> None:
        asked = [(self._space.key(genome), self._space.format(genome)) for genome in genomes]
        if generation >= len(self._asked):
            self._journal.record_asks(asked, generation=generation)
        elif self._asked[generation] != [key for key, _ in asked]:
            raise StorageError(
                f"{self._folder}: generation {generation} of this run held other candidates; it "
                "was made by another version of evonas or of pymoo (see config.yaml)"
            )

    def _evaluate(self, genomes: Sequence[Genome], *, generation: int) -> list[Evaluation]:
        """The evaluations of ``genomes``, in their order, whatever the order they end in."""
        keys = [self._space.key(genome) for genome in genomes]
        told = {key: self._known[key] for key in keys if key in self._known}
        if told:
            self._report([*self._done, *told.values()], generation=generation)
        pending = [g for key, g in zip(keys, genomes, strict=True) if key not in told]
        # what executes the candidates closes before the next generation is asked for
        for evaluation, weights in self._executor.run(
            self._space, pending, protocol=self._config.protocol()
        ):
            self._keep(evaluation, weights, others=[*self._done, *told.values()])
            told[evaluation.key] = evaluation
            self._report([*self._done, *told.values()], generation=generation)
        return [told[key] for key in keys]

    def _keep(
        self, evaluation: Evaluation, weights: bytes, *, others: Sequence[Evaluation]
    ) -> None:
        # weights first: a journal row promises that they are there
        if evaluation in front([*others, evaluation], self._config.objectives):
            save_weights(self._folder, evaluation.key, weights)
        self._journal.record_tell(evaluation)

    def _end_generation(self, told: Sequence[Evaluation]) -> None:
        self._done += told
        if not self._first_generation:
            self._first_generation = list(told)
        self._hypervolumes.append(self._hypervolume(self._done))
        # while a run is replayed, the weights and rows of its later generations are there already
        everything = list({e.key: e for e in [*self._done, *self._known.values()]}.values())
        chosen = front(everything, self._config.objectives)
        keep_only(self._folder, {evaluation.key for evaluation in chosen})
        self._on_generation(everything)

    def _hypervolume(self, evaluations: Sequence[Evaluation]) -> float | None:
        return archive_hypervolume(
            evaluations,
            self._config.objectives,
            reference_generation=self._first_generation,
        )

    def _report(self, evaluations: Sequence[Evaluation], *, generation: int) -> None:
        config = self._config
        self._on_progress(
            Progress(
                done=len(evaluations),
                total=min(config.evaluations, config.population * config.generations),
                failures=sum(e.failure is not None for e in evaluations),
                generation=generation,
                best=best(evaluations, config.objectives),
                hypervolume=self._hypervolume(evaluations) if self._first_generation else None,
                front_size=len(front(evaluations, config.objectives)),
            )
        )
