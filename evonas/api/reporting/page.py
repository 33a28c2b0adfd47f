"""The report of one or several runs: one self-contained page that can be mailed."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from evonas.api.study import Study
from evonas.errors import ConfigError
from evonas.report.html.gathering import RunData, gather, names_of
from evonas.report.html.page import write_report

REPORT_FILE = "report.html"
MIN_SECONDS = 2.0
"""Minimum seconds between updates of a live report: reading a run takes about one second."""

Runs = Study | str | Path | Sequence[Study | str | Path]


def report(runs: Runs, *, out: Path | str | None = None) -> Path:
    """Write a report of one run, or a comparison of several, as one self-contained HTML page.

    It shows fronts with errors, claimed and confirmed values, hypervolume, networks drawn layer by
    layer in their rules' colours, learning curves, masking, attacks, controls, failures, the table
    of candidates, settings and versions. The page needs no network connection. See docs/report.md.

    Args:
        runs: a study or the folder of a run, or several.
        out: the file; None for ``report.html`` in the folder of a single run.

    Returns:
        The file.

    Raises:
        ConfigError: no run is given, one is given twice, or several without ``out``.
        RunFolderError: one of the folders holds no run.
        StorageError: the files of a run are damaged.

    Examples:
        >>> path = evonas.report(study, out="pages/report.html")
        >>> path.name, path.stat().st_size < 8_000_000
        ('report.html', True)
    """
    folders = folders_of(runs)
    path = report_path(folders, out)
    write_report(_gathered(folders), path)
    return path


def report_live(
    folders: Sequence[Path],
    path: Path,
    *,
    every_seconds: float,
    on_written: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Rewrite a report until no process is working on any of its runs.

    An open page reloads itself; the last version does not.

    Args:
        folders: folders of the runs.
        path: path of the report.
        every_seconds: seconds between updates.
        on_written: called with the number of trainings.
        sleep: function that waits.

    Raises:
        ConfigError: ``every_seconds`` is below 2.
        EvonasError: see :func:`report`.
    """
    if not every_seconds >= MIN_SECONDS:
        raise ConfigError(
            f"seconds between updates: expected at least {MIN_SECONDS:g}, got {every_seconds:g}"
        )
    while True:
        runs = _gathered(folders)
        is_running = any(run.is_running for run in runs)
        write_report(runs, path, reload_seconds=every_seconds if is_running else None)
        on_written(sum(run.state.num_trainings for run in runs))
        if not is_running:
            return
        sleep(every_seconds)


def folders_of(runs: Runs) -> list[Path]:
    """The folders of runs.

    Raises:
        ConfigError: there is none, or one is given twice.
    """
    some = [runs] if isinstance(runs, Study | str | Path) else list(runs)
    folders = [one.folder if isinstance(one, Study) else Path(one) for one in some]
    if not folders:
        raise ConfigError("runs: expected the folder of a run, got none")
    resolved = [folder.resolve() for folder in folders]
    for folder, place in zip(folders, resolved, strict=True):
        if resolved.count(place) > 1:
            raise ConfigError(f"runs: {folder} is given twice")
    return folders


def report_path(folders: Sequence[Path], out: Path | str | None) -> Path:
    """The path of a report.

    Raises:
        ConfigError: there are several runs and no ``out``, or ``out`` is a folder.
    """
    if out is None:
        if len(folders) > 1:
            raise ConfigError(
                f"out: expected a file for the report of {len(folders)} runs together, got none; "
                "give one, such as --out comparison.html"
            )
        return folders[0] / REPORT_FILE
    if Path(out).is_dir():
        raise ConfigError(f"out: expected a file, {out} is a folder")
    return Path(out)


def _gathered(folders: Sequence[Path]) -> list[RunData]:
    names = names_of(folders)
    return [gather(folder, name=name) for folder, name in zip(folders, names, strict=True)]
