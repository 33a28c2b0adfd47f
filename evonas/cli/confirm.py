"""``evonas confirm``: what the search claimed beside what fresh trainings came to."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.progress_bar import confirmation_display
from evonas.api.running import confirm_to_the_end
from evonas.api.study import Study
from evonas.evaluation.record import Evaluation
from evonas.study.confirmed import Confirmed
from evonas.study.progress import front


def confirm_and_show(
    folder: Path, *, replicates: int, workers: int | None, is_quiet: bool
) -> None:
    """Train every network of the front anew, and print what it was confirmed by.

    Raises:
        ConfigError: ``replicates`` is below 1, or no network is on the front.
        RunFolderError: there is no run in the folder, or another process is at work on it.
    """
    console = Console(quiet=is_quiet)
    study = Study(folder)
    with confirmation_display(console, is_quiet=is_quiet) as show:
        confirmed = confirm_to_the_end(
            folder, replicates=replicates, workers=workers, on_progress=show
        )
    chosen = front(study.evaluations, study.settings.problem.objectives)
    console.print(_table(chosen, confirmed))
    line = claim_and_confirmation(chosen, confirmed)
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def claim_and_confirmation(
    chosen: Sequence[Evaluation], confirmed: Mapping[str, Confirmed]
) -> str:
    """One line: means over the front of what the search measured, and of what was confirmed."""
    pairs = [(e, confirmed[e.key]) for e in chosen if confirmed[e.key].means]
    if not pairs:
        return "no training of the front could be confirmed: all collapsed"
    names = [name for name in pairs[0][1].means if not name.startswith("test_")]
    claimed = [
        f"{name} {statistics.fmean(e.values[name] for e, _ in pairs):.4f}"
        for name in names
        if all(name in e.values for e, _ in pairs)
    ]
    found = [f"{name} {statistics.fmean(c.means[name] for _, c in pairs):.4f}" for name in names]
    return (
        f"mean over the front: the search claimed {', '.join(claimed)}; confirmed: "
        f"{', '.join(found)}"
    )


def _table(chosen: Sequence[Evaluation], confirmed: Mapping[str, Confirmed]) -> Table:
    names = list(dict.fromkeys(name for c in confirmed.values() for name in c.means))
    table = Table(box=None)
    table.add_column("key", no_wrap=True)  # to be copied
    for name in (*names, "collapsed"):
        table.add_column(name)
    for evaluation in chosen:
        found = confirmed[evaluation.key]
        cells = [_cell(found.means.get(name), found.errors.get(name)) for name in names]
        table.add_row(evaluation.key, *cells, f"{found.collapsed} of {found.replicates}")
    return table


def _cell(mean: float | None, error: float | None) -> str:
    if mean is None:
        return "-"
    return f"{mean:.4f}" if error is None else f"{mean:.4f} ± {error:.4f}"
