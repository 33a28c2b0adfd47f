"""All that follows the beginning of a run: the search, its audit, confirmations and controls."""

import warnings
from pathlib import Path

from evonas.api.progress_bar import (
    audit_display,
    confirmation_display,
    count_display,
    progress_display,
)
from evonas.api.running import audit_to_the_end, confirm_to_the_end, run_to_the_end
from evonas.settings import Settings
from evonas.settings.workers import Workers
from evonas.study.upkeep.versions_of_run import other_versions


def go_on(
    folder: Path, settings: Settings, *, workers: Workers, retry_failed: bool, progress: bool
) -> None:
    """Bring the run in ``folder`` to its end, with progress bars.

    Args:
        folder: of the run.
        settings: of the run.
        workers: where candidates are trained.
        retry_failed: see :func:`evonas.study.run.run_study`.
        progress: whether bars are shown.

    Raises:
        EvonasError: the run cannot go on here.
    """
    for difference in other_versions(folder, settings):
        warnings.warn(difference, stacklevel=3)
    is_quiet, search = not progress, settings.search
    with progress_display(is_quiet=is_quiet) as show:
        result = run_to_the_end(
            folder, workers=workers, retry_failed=retry_failed, on_progress=show
        )
    with audit_display(is_quiet=is_quiet) as tell:
        result = audit_to_the_end(folder, result, workers=workers, on_progress=tell)
    if search.confirm and result.front:
        with confirmation_display(is_quiet=is_quiet) as tell:
            confirm_to_the_end(
                folder, replicates=search.confirm, workers=workers, on_progress=tell
            )
    if search.controls and result.front:
        from evonas.api.ablating import BAR_TITLE, ablate_front

        with count_display(is_quiet=is_quiet, title=BAR_TITLE, unit="trainings") as bar:
            ablate_front(folder, workers=workers, on_progress=bar)
