"""Run a study to its end, with workers, progress and tables; used by commands and notebooks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.evaluation.training.devices import check_device
from evonas.report.controls.twin import read_twin_differences, twin_differences
from evonas.report.picture import write_picture
from evonas.report.tables import write_tables
from evonas.settings import Settings
from evonas.settings.workers import Workers, parse_workers
from evonas.study.audit import audit_study, is_audited
from evonas.study.changes.extend import extend
from evonas.study.changes.images_of_run import accept_data, move_data
from evonas.study.controls.names import KIND as CONTROL
from evonas.study.controls.reading import controls_of
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.make import make_executor
from evonas.study.folder import readable_run
from evonas.study.resolve import worker_count
from evonas.study.results.audited import AUDIT, audited
from evonas.study.results.candidate import front
from evonas.study.results.confirmation import Progressed, confirm_study
from evonas.study.results.confirmed import summarise
from evonas.study.results.progress import Progress
from evonas.study.results.reading import RunState, read_run
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from evonas.study.upkeep.full_disk import pausing_when_full
from evonas.study.upkeep.state import noting_pace


def run_and_write(
    folder: Path,
    *,
    workers: Workers,
    on_progress: Callable[[Progress], None],
    retry_failed: bool = False,
) -> StudyResult:
    """Run or resume the study in ``folder``; its tables are written however it ends.

    When it is finished, the picture of its front is drawn too.

    Args:
        folder: folder of the run.
        workers: where candidates are trained, and their time limit.
        on_progress: called after every candidate.
        retry_failed: see :func:`evonas.study.run.run_study`.

    Raises:
        EvonasError: see :func:`evonas.study.run.run_study`.
        DiskFullError: the disk is full; the run can be resumed.
        KeyboardInterrupt: the user interrupted; the run is valid and can be resumed, as after
            SystemExit.
    """
    with readable_run(folder) as (settings, journal):
        confirmations = journal.confirmations()
        controls = controls_of(journal.findings(CONTROL), confirmations)
        write = partial(
            write_tables,
            folder,
            objectives=settings.problem.objectives,
            confirmed=summarise(confirmations),
            audited=audited(journal.findings(AUDIT)),
            twins=twin_differences(controls),
        )
    try:
        with pausing_when_full(folder), executor_of(settings, workers) as executor:
            result = run_study(
                folder,
                executor=executor,
                on_progress=noting_pace(folder, on_progress),
                on_generation=write,
                retry_failed=retry_failed,
            )
            write_picture(folder, result.candidates, settings)
        return result
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C, or a request to terminate
        write(read_run(folder).candidates)
        raise


def audit_and_write(
    folder: Path, result: StudyResult, *, workers: Workers, on_progress: Progressed
) -> StudyResult:
    """Audit the front of a finished run if its settings ask for it; write its tables.

    Args:
        folder: folder of the run.
        result: result of the run.
        workers: where networks are trained again if necessary.
        on_progress: called with the number of audited networks and their total so far.

    Returns:
        The result, with the audited front.

    Raises:
        EvonasError: see :func:`evonas.study.audit.audit_study`.
        KeyboardInterrupt: the user interrupted; finished audits are kept, and the next call
            continues.
    """
    if not is_audited(result.settings):
        return result
    try:
        with pausing_when_full(folder), executor_of(result.settings, workers) as executor:
            audit_study(folder, executor=executor, on_progress=on_progress)
    finally:
        run = write_run_tables(folder)
        write_picture(folder, run.candidates, result.settings)
    returned = front(run.candidates, run.settings.problem.objectives)
    return replace(result, candidates=run.candidates, front=returned)


def confirm_and_write(
    folder: Path,
    *,
    replicates: int,
    workers: Workers,
    on_progress: Progressed,
    retry_failed: bool = False,
) -> RunState:
    """Confirm the front of the run in ``folder``, and write the results into its tables.

    Args:
        folder: folder of the run.
        replicates: replicates of each network that may be on the front.
        workers: where networks are trained.
        on_progress: called with the number of finished trainings and their total.
        retry_failed: see :func:`evonas.study.results.confirmation.confirm_study`.

    Returns:
        The run after the confirmation.

    Raises:
        EvonasError: see :func:`evonas.study.results.confirmation.confirm_study`.
        KeyboardInterrupt: the user interrupted; finished confirmations are kept, and the next call
            continues.
    """
    settings = _settings(folder)
    try:
        with pausing_when_full(folder), executor_of(settings, workers) as executor:
            confirm_study(
                folder, replicates=replicates, executor=executor, on_progress=on_progress,
                retry_failed=retry_failed,
            )  # fmt: skip
    finally:
        run = write_run_tables(folder)
        write_picture(folder, run.candidates, settings)
    return run


def write_run_tables(folder: Path) -> RunState:
    """Write the tables of the run in ``folder`` in its present state; returns the run.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    run = read_run(folder)
    write_tables_of(run, folder)
    return run


def write_tables_of(run: RunState, folder: Path) -> None:
    """Write the tables of a run.

    Args:
        run: the run.
        folder: folder to write to.

    Raises:
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    write_tables(
        folder,
        run.candidates,
        objectives=run.settings.problem.objectives,
        confirmed=run.confirmed,
        audited=run.audited,
        twins=read_twin_differences(run.folder),
    )


def with_workers(settings: Settings, workers: Workers) -> Settings:
    """The settings with the present choice of workers, which a run's file does not store."""
    given: dict[str, str | float | None] = {"timeout": workers.timeout_seconds}
    if workers.text is not None:
        given |= {"workers": workers.text}
    return settings.with_values(given)


@contextmanager
def executor_of(settings: Settings, workers: Workers) -> Iterator[AbstractExecutor]:
    """The executor for a run's device, closed at the end; until then torch is as in its workers.

    Args:
        settings: settings of the run.
        workers: where networks are trained.

    Raises:
        ConfigError: the device does not exist.
    """
    check_device(settings.machine.device)
    wanted = with_workers(settings, workers)
    executor = make_executor(
        worker_count(wanted),
        device=settings.machine.device,
        timeout_seconds=wanted.machine.timeout,
        place=None if workers.text is None else parse_workers(workers.text),
    )
    try:
        with ordinary_torch():
            yield executor
    finally:
        executor.close()


def changed_settings(
    folder: Path,
    *,
    data_dir: Path | str | None = None,
    is_accepted: bool = False,
    population: int | None = None,
    generations: int | None = None,
    evaluations: int | None = None,
) -> Settings:
    """The settings of a run that continues elsewhere, with other images or for longer.

    Args:
        folder: folder of the run.
        data_dir: new folder of the images; None if unchanged.
        is_accepted: whether to continue if the images differ from those the run started with.
        population: trainings per generation; None if unchanged.
        generations: maximum number; None if unchanged.
        evaluations: maximum number of trainings; None if unchanged.

    Raises:
        EvonasError: see :mod:`evonas.study.changes`.
    """
    if data_dir is not None:
        move_data(folder, Path(data_dir))
    if is_accepted:
        accept_data(folder)
    if (population, generations, evaluations) != (None, None, None):
        extend(folder, population=population, generations=generations, evaluations=evaluations)
    return _settings(folder)


def _settings(folder: Path) -> Settings:
    with readable_run(folder) as (settings, _):
        return settings
