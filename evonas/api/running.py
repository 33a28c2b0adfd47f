"""One run to its end: workers, progress and tables; the one path of commands and notebooks."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from evonas.evaluation.record import Evaluation
from evonas.evaluation.training.devices import check_device
from evonas.report.picture import write_picture
from evonas.report.tables import write_tables
from evonas.settings import Settings
from evonas.study.executors.make import make_executor
from evonas.study.folder import readable_run
from evonas.study.progress import Progress
from evonas.study.resolve import worker_count
from evonas.study.result import StudyResult
from evonas.study.run import run_study


def run_to_the_end(
    folder: Path, *, workers: int | None, on_progress: Callable[[Progress], None]
) -> StudyResult:
    """Run, or go on with, the study in ``folder``; its tables are there however it ends.

    When it has ended, the picture of its front is drawn too.

    Args:
        folder: of the run.
        workers: candidates at once; None for what suits the device.
        on_progress: is called after every candidate.

    Raises:
        EvonasError: see :func:`evonas.study.run.run_study`.
        KeyboardInterrupt: of the user; the run is valid and can be resumed, as after SystemExit.
    """
    with readable_run(folder) as (settings, _):
        check_device(settings.machine.device)
    at_once = worker_count(with_workers(settings, workers))
    executor = make_executor(at_once, device=settings.machine.device)
    write = partial(_write_so_far, folder, settings)
    try:
        result = run_study(folder, executor=executor, on_progress=on_progress, on_generation=write)
        write_picture(folder, result.evaluations, settings)
        return result
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C, or asked to end
        with readable_run(folder) as (_, journal):
            write(journal.evaluations())
        raise
    finally:
        executor.close()


def with_workers(settings: Settings, workers: int | None) -> Settings:
    """The settings with as many workers as the user says now; a run's file holds none."""
    return settings if workers is None else settings.with_values({"workers": workers})


def _write_so_far(folder: Path, settings: Settings, evaluations: Sequence[Evaluation]) -> None:
    write_tables(folder, evaluations, settings.problem.objectives)
