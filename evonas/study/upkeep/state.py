"""The status of a run, for another terminal, without torch and without disturbing the run."""

import json
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from evonas.errors import EvonasError
from evonas.settings import Settings
from evonas.study.config import CONFIG_FILE
from evonas.study.folder import LOCK_FILE, is_final_training, readable_run
from evonas.study.journal.head import HEAD_FILE
from evonas.study.journal.journal import JOURNAL_FILE
from evonas.study.results.candidate import front
from evonas.study.results.progress import Progress, best
from evonas.study.results.reading import run_state

PROGRESS_FILE = "progress.json"
RUNNING, ENDED, INTERRUPTED, DAMAGED = "running", "ended", "interrupted", "damaged"


@dataclass(frozen=True)
class Pace:
    """The speed of the process that is working on a run.

    Attributes:
        epochs: training epochs done since it started.
        epochs_left: epochs still to train, if none fails.
        seconds: since it started.
        written: time of this record, in seconds since 1970.
    """

    epochs: int
    epochs_left: int
    seconds: float
    written: float

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the search ends, at this pace; None if unknown."""
        return self.seconds / self.epochs * self.epochs_left if self.epochs else None


@dataclass(frozen=True)
class RunSummary:
    """A run in one line.

    Attributes:
        folder: folder of the run.
        state: running, ended, interrupted or damaged.
        settings: settings of the run; None if it is damaged.
        trainings: number of finished trainings.
        failures: failures of these.
        candidates: number of trained candidates.
        front: number of candidates on the front.
        best: of each objective on the front.
        confirmations: number of confirmation trainings.
        written: time of the last journal entry, in seconds since 1970.
        pace: pace of the process that is working on it; None if there is none yet.
        problem: the damage; empty if there is none.
        size_bytes: size of the folder.
    """

    folder: Path
    state: str
    settings: Settings | None
    trainings: int
    failures: int
    candidates: int
    front: int
    best: dict[str, float]
    confirmations: int
    written: float
    pace: Pace | None
    problem: str
    size_bytes: int


def summarise_run(folder: Path) -> RunSummary:
    """Summarise the run in ``folder``, even while another process works on it.

    A damaged run is summarised, too.

    Raises:
        RunFolderError: there is no run.
    """
    try:
        with readable_run(folder) as (settings, journal):
            run = run_state(folder, settings, journal)
            has_ended = journal.has_ended()
            confirmations = len(journal.confirmations())
    except EvonasError as problem:
        if not (folder / CONFIG_FILE).exists() or is_final_training(folder):
            raise
        return RunSummary(
            folder, DAMAGED, None, 0, 0, 0, 0, {}, 0, _written(folder), None, str(problem),
            _size(folder),
        )  # fmt: skip
    objectives = settings.problem.objectives
    is_running = is_locked(folder)
    chosen = front(run.candidates, objectives)
    done = sum(e.epochs > 0 for e in run.evaluations)
    is_over = has_ended or done >= settings.search.num_trainings
    return RunSummary(
        folder=folder,
        state=RUNNING if is_running else ENDED if is_over else INTERRUPTED,
        settings=settings,
        trainings=done,
        failures=sum(e.failure is not None for e in run.evaluations),
        candidates=len(run.candidates),
        front=len(chosen),
        best=best(chosen, objectives),
        confirmations=confirmations,
        written=_written(folder),
        pace=_pace(folder) if is_running and not is_over else None,
        problem="",
        size_bytes=_size(folder),
    )


def find_runs(parent: Path) -> list[Path]:
    """The run folders in a folder, including itself, by name.

    Hidden folders are left out: those are runs that were killed while they were created or copied.
    So are final trainings, which ``evonas train`` puts next to runs.
    """
    if (parent / CONFIG_FILE).exists() and not is_final_training(parent):
        return [parent]
    found = sorted(path.parent for path in parent.glob(f"*/{CONFIG_FILE}"))
    return [
        folder
        for folder in found
        if not folder.name.startswith(".") and not is_final_training(folder)
    ]


def noting_pace(folder: Path, show: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Show progress, and write it to the place that :func:`summarise_run` reads.

    Args:
        folder: folder of the run.
        show: called with it as well.
    """
    began = time.monotonic()
    at_first: list[int] = []

    def note(progress: Progress) -> None:
        at_first[:] = at_first or [progress.epochs_done]
        pace = Pace(
            epochs=progress.epochs_done - at_first[0],
            epochs_left=progress.epochs_total - progress.epochs_done,
            seconds=time.monotonic() - began,
            written=time.time(),
        )
        temporary = folder / f"{PROGRESS_FILE}.tmp"
        temporary.write_text(json.dumps(asdict(pace)), encoding="utf-8")
        temporary.replace(folder / PROGRESS_FILE)
        show(progress)

    return note


def _pace(folder: Path) -> Pace | None:
    try:
        pace = Pace(**json.loads((folder / PROGRESS_FILE).read_text()))
        # a record of an earlier process is obsolete
        return pace if pace.written >= (folder / LOCK_FILE).stat().st_mtime else None
    except (OSError, ValueError, TypeError):
        return None


def is_locked(folder: Path) -> bool:
    """Whether a process is working on the run in ``folder``."""
    if not (folder / LOCK_FILE).exists() or not os.access(folder / LOCK_FILE, os.W_OK):
        return False
    written = (folder / LOCK_FILE).stat()
    try:
        with FileLock(folder / LOCK_FILE, timeout=0):
            return False
    except (Timeout, OSError):
        return True
    finally:
        os.utime(folder / LOCK_FILE, ns=(written.st_atime_ns, written.st_mtime_ns))


def _written(folder: Path) -> float:
    paths = [folder / name for name in (HEAD_FILE, JOURNAL_FILE, CONFIG_FILE)]
    return next((path.stat().st_mtime for path in paths if path.exists()), 0.0)


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # a running run replaces and removes files
            status = path.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
