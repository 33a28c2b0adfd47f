"""Run a study to its end: search, audit, confirmations and controls."""

import warnings
from pathlib import Path

from evonas.api.progress_bar import (
    audit_display,
    confirmation_display,
    count_display,
    progress_display,
)
from evonas.api.running import audit_and_write, confirm_and_write, run_and_write
from evonas.settings import Settings
from evonas.settings.workers import Workers
from evonas.study.results.confirmation import has_lost_confirmations
from evonas.study.upkeep.versions_of_run import other_versions


def go_on(
    folder: Path, settings: Settings, *, workers: Workers, retry_failed: bool, progress: bool
) -> None:
    """Bring the run in ``folder`` to its end, with progress bars.

    Args:
        folder: folder of the run.
        settings: settings of the run.
        workers: where candidates are trained.
        retry_failed: whether to repeat trainings lost to a cause outside the network, including
            confirmations and controls.
        progress: whether to show bars.

    Raises:
        EvonasError: the run cannot continue here.
    """
    for difference in other_versions(folder, settings):
        warnings.warn(difference, stacklevel=3)
    is_quiet, search = not progress, settings.search
    with progress_display(is_quiet=is_quiet) as show:
        result = run_and_write(
            folder, workers=workers, retry_failed=retry_failed, on_progress=show
        )
    with audit_display(is_quiet=is_quiet) as tell:
        result = audit_and_write(folder, result, workers=workers, on_progress=tell)
    confirmations = search.confirm if result.front else 0
    if confirmations or (retry_failed and has_lost_confirmations(folder)):
        with confirmation_display(is_quiet=is_quiet) as tell:
            confirm_and_write(
                folder, replicates=confirmations, workers=workers, on_progress=tell,
                retry_failed=retry_failed,
            )  # fmt: skip
    has_controls = search.controls and result.front
    if has_controls or retry_failed:
        from evonas.api.ablating import BAR_TITLE, ablate_front, retry_lost_controls

        with count_display(is_quiet=is_quiet, title=BAR_TITLE, unit="trainings") as bar:
            if retry_failed:
                retry_lost_controls(folder, workers=workers, on_progress=bar)
            if has_controls:
                ablate_front(folder, workers=workers, on_progress=bar)
