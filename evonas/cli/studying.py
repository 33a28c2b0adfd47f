"""Begin a run or go on with one, and leave its tables behind however it ends."""

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from evonas.cli.live import progress_bar
from evonas.evaluation.evaluate import Evaluation
from evonas.report import FRONT_FILE, write_tables
from evonas.space import source_text
from evonas.study import (
    RunConfig,
    StudyResult,
    create_run,
    make_executor,
    next_free_folder,
    open_journal,
    read_config,
    run_study,
)

RUNS_FOLDER = Path("runs")


def begin(
    config: RunConfig, *, space: str, out: Path | None, workers: int, is_quiet: bool
) -> None:
    """Make the folder of a new run, and run it."""
    folder = out or next_free_folder(RUNS_FOLDER, config)
    create_run(folder, config, space_text=source_text(space))
    go_on(folder, workers=workers, is_quiet=is_quiet)


def go_on(folder: Path, *, workers: int, is_quiet: bool) -> None:
    """Run the study in ``folder`` to its end; Ctrl-C leaves it valid and says how to go on."""
    console = Console(quiet=is_quiet)
    if (folder / "config.yaml").exists():
        _introduce(console, folder, workers=workers)
    try:
        with progress_bar(console, is_quiet=is_quiet) as on_progress:
            result = run_study(
                folder,
                executor=make_executor(workers),
                on_progress=on_progress,
                on_generation=partial(_write_so_far, folder),
            )
    except KeyboardInterrupt:
        _write_journal(folder)
        console.print(
            f"Interrupted; go on with: evonas resume {shlex.quote(str(folder))}",
            highlight=False,
            soft_wrap=True,
        )
        raise
    _conclude(console, folder, result)


def _introduce(console: Console, folder: Path, *, workers: int) -> None:
    config = read_config(folder)
    console.print(
        f"[bold]{config.space}[/] on [bold]{config.dataset}[/]: "
        f"{config.population} candidates x {config.generations} generations, "
        f"{config.epochs} epochs each, {config.channels} channels, "
        f"{config.cells} cell{'s' * (config.cells > 1)} a stage, "
        f"rules {' '.join(config.rules)}; {workers} worker{'s' * (workers > 1)}, "
        f"seed {config.seed}, into {folder}",
        highlight=False,
        soft_wrap=True,
    )
    if "robust" in config.objectives:
        console.print(
            f"robust: right under a 10-step APGD of radius {config.epsilon} on the true gradient",
            highlight=False,
            soft_wrap=True,
        )


def _write_so_far(folder: Path, evaluations: Sequence[Evaluation]) -> None:
    write_tables(folder, evaluations, read_config(folder).objectives)


def _write_journal(folder: Path) -> None:
    journal = open_journal(folder)
    try:
        _write_so_far(folder, journal.evaluations())
    finally:
        journal.close()


def _conclude(console: Console, folder: Path, result: StudyResult) -> None:
    failures = sum(e.failure is not None for e in result.evaluations)
    volumes = [volume for volume in result.hypervolumes if volume is not None]
    if volumes:
        console.print(
            f"hypervolume {volumes[0]:.4f} after the first generation, "
            f"{volumes[-1]:.4f} at the end",
            highlight=False,
        )
    console.print(
        f"{len(result.evaluations)} candidates, {failures} failed, {len(result.front)} on the "
        f"front: {folder / FRONT_FILE}\nsee it by: evonas front {shlex.quote(str(folder))}",
        highlight=False,
        soft_wrap=True,
    )
