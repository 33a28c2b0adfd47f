"""Draw ``front.png`` of a run, at its end and whenever the journal has grown since."""

import time
from collections.abc import Sequence
from pathlib import Path

from evonas.settings import Settings
from evonas.study.journal.journal import JOURNAL_FILE
from evonas.study.results.candidate import Candidate

FRONT_PICTURE = "front.png"


def write_picture(folder: Path, candidates: Sequence[Candidate], settings: Settings) -> Path:
    """Draw the front of the run in ``folder``, unless its picture is newer than its journal.

    Args:
        folder: folder of the run.
        candidates: candidates of the run.
        settings: settings of the run.

    Returns:
        The path of the picture.
    """
    picture, journal = folder / FRONT_PICTURE, folder / JOURNAL_FILE
    # a picture from the future was drawn before the clock was set back, and may be outdated
    if picture.is_file() and _changed_ns(journal) < picture.stat().st_mtime_ns <= time.time_ns():
        return picture
    from evonas.report.plot import draw_front  # matplotlib takes longer to import than to draw

    draw_front(
        candidates,
        settings.problem.objectives,
        path=picture,
        title=f"{settings.problem.space} on {settings.training.dataset}: {len(candidates)} "
        f"candidates, {settings.search.algorithm}, seed {settings.search.seed}",
    )
    return picture


def _changed_ns(journal: Path) -> int:
    """Time of the last write, in ns; SQLite keeps the newest rows in a second file (WAL)."""
    log = journal.with_name(f"{journal.name}-wal")
    return max(path.stat().st_mtime_ns for path in (journal, log) if path.exists())
