"""Begin a run or go on with one, and leave its tables behind however it ends."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from evonas.cli.live import progress_bar
from evonas.cli.options import worker_count
from evonas.errors import RunFolderError
from evonas.evaluation.record import Evaluation
from evonas.evaluation.training.devices import check_device
from evonas.report.tables import FRONT_FILE, write_tables
from evonas.space import Space, load, source_text
from evonas.study.config import SPACE_FILE, RunConfig
from evonas.study.executors.make import make_executor
from evonas.study.folder import create_run, next_free_folder, readable_run
from evonas.study.operators_file import describe_credit
from evonas.study.run import StudyResult, run_study

RUNS_FOLDER = Path("runs")


def begin(
    config: RunConfig, *, space: str, out: Path | None, workers: int | None, is_quiet: bool
) -> None:
    """Make the folder of a new run, and run it."""
    folder = _make(config, space, out=out)
    go_on(folder, workers=workers, is_quiet=is_quiet)


def _make(config: RunConfig, space: str, *, out: Path | None) -> Path:
    while True:
        folder = out or next_free_folder(RUNS_FOLDER, config)
        try:
            create_run(folder, config, space_text=source_text(space))
        except RunFolderError:
            if out is not None or not folder.exists():
                raise
            # another run took this number a moment ago: try the next
        else:
            return folder


def go_on(folder: Path, *, workers: int | None, is_quiet: bool) -> None:
    """Run the study in ``folder`` to its end; Ctrl-C leaves it valid and says how to go on."""
    console = Console(quiet=is_quiet)
    with readable_run(folder) as (config, _):
        check_device(config.device)
        space = load(str(folder / SPACE_FILE))
    at_once = min(worker_count(workers, device=config.device), config.population)
    _introduce(console, config, space, folder=folder, workers=at_once)
    executor = make_executor(at_once, device=config.device)
    try:
        with progress_bar(console, is_quiet=is_quiet) as on_progress:
            result = run_study(
                folder,
                executor=executor,
                on_progress=on_progress,
                on_generation=partial(_write_so_far, folder, config),
            )
    except (KeyboardInterrupt, SystemExit):  # Ctrl-C, or asked to end
        _write_journal(folder)
        console.print(
            f"Interrupted; go on with: evonas resume {shlex.quote(str(folder))}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        raise
    finally:
        executor.close()
    _conclude(console, folder, result)


def _introduce(
    console: Console, config: RunConfig, space: Space, *, folder: Path, workers: int
) -> None:
    size = f"{config.channels} channels, {_count(config.cells, 'cell')} a stage"
    if (config.channels, config.cells) != (space.channels, space.cells):
        size += f" (the space's own: {space.channels} and {space.cells})"
    console.print(
        f"[bold]{config.space}[/] on [bold]{config.dataset}[/]: {_plan(config)}, {size}, "
        f"rules {' '.join(config.rules)}; "
        f"{_place(config, workers)}, seed {config.seed}, into {escape(str(folder))}",
        highlight=False,
        soft_wrap=True,
    )
    if config.supernet_epochs is not None:
        console.print(
            f"guided by a supernet: {_count(config.supernet_epochs, 'epoch')}, "
            f"{config.supernet_channels} channels",
            highlight=False,
        )
    if "robust" in config.objectives:
        console.print(
            f"robust: right under a 10-step APGD of radius {config.epsilon} on the true gradient",
            highlight=False,
            soft_wrap=True,
        )


def _place(config: RunConfig, workers: int) -> str:
    if config.device == "cpu" and config.precision == "fp32":
        return _count(workers, "worker")
    return f"{_count(workers, 'worker')} on {config.device}, {config.precision}"


def _plan(config: RunConfig) -> str:
    parts = [f"{config.population} candidates x {_count(config.generations, 'generation')}"]
    if config.mode == "steady":
        parts = [f"{config.num_candidates} candidates in steady state"]
    if config.fidelity:
        rungs = ", ".join(map(str, config.fidelity[:-1]))
        parts.append(f"1 in {config.eta} goes on after {rungs} of {config.epochs} epochs")
    else:
        parts.append(f"{_count(config.epochs, 'epoch')} each")
    if config.constraints:
        parts.append(f"within {' and '.join(config.constraints)}")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number > 1)}"


def _write_so_far(folder: Path, config: RunConfig, evaluations: Sequence[Evaluation]) -> None:
    write_tables(folder, evaluations, config.objectives)


def _write_journal(folder: Path) -> None:
    with readable_run(folder) as (config, journal):
        _write_so_far(folder, config, journal.evaluations())


def _tell_uncaptured(console: Console, evaluations: Sequence[Evaluation]) -> None:
    reasons = [e.uncaptured for e in evaluations if e.uncaptured is not None]
    if reasons:
        console.print(
            f"trained without CUDA graphs, so more slowly: {len(reasons)}, as {reasons[0]}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _conclude(console: Console, folder: Path, result: StudyResult) -> None:
    failures = sum(e.failure is not None for e in result.evaluations)
    _tell_uncaptured(console, result.evaluations)
    volumes = [volume for volume in result.hypervolumes if volume is not None]
    if volumes:
        console.print(
            f"hypervolume {volumes[0]:.4f} after the first generation, "
            f"{volumes[-1]:.4f} at the end",
            highlight=False,
        )
    if result.credit:
        console.print(describe_credit(result.credit), highlight=False, soft_wrap=True)
    outside = sum(e.violation > 0 for e in result.evaluations)
    outside_text = f", {outside} outside the constraints" if result.config.constraints else ""
    console.print(
        f"{len(result.evaluations)} candidates, {failures} failed{outside_text}, "
        f"{len(result.front)} on the front: {folder / FRONT_FILE}\n"
        f"see it by: evonas front {shlex.quote(str(folder))}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
