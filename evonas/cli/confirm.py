"""``evonas confirm``: claimed values compared with fresh trainings."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from evonas.api.progress_bar import confirmation_display
from evonas.api.running import confirm_and_write
from evonas.api.terminal.console import say, working
from evonas.api.terminal.tables import print_table
from evonas.cli.claims import claim_and_confirmation
from evonas.cli.estimates import estimate
from evonas.settings.workers import Workers
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.likely import likely_front


def confirm_and_show(
    folder: Path, *, replicates: int, workers: Workers, is_quiet: bool, retry_failed: bool
) -> None:
    """Retrain every network that may be on the front, and print the confirmed values.

    Args:
        folder: folder of the run.
        replicates: replicates of each network.
        workers: where networks are trained.
        is_quiet: whether to hide progress.
        retry_failed: see :func:`evonas.study.results.confirmation.confirm_study`.

    Raises:
        ConfigError: ``replicates`` is below 1, or no network is on the front.
        RunFolderError: there is no run in the folder, or another process is working on it.
    """
    console = working(quiet=is_quiet)
    with confirmation_display(console, is_quiet=is_quiet) as show:
        run = confirm_and_write(
            folder, replicates=replicates, workers=workers, on_progress=show,
            retry_failed=retry_failed,
        )  # fmt: skip
    chosen = front(run.candidates, run.settings.problem.objectives)
    others = [c for c in likely_front(run.candidates) if not c.on_front]
    print_table(console, _table([*chosen, *others], run.confirmed))
    line = claim_and_confirmation(chosen, run.confirmed)
    say(console, line)


def _table(networks: Sequence[Candidate], confirmed: Mapping[str, Confirmed]) -> Table:
    names = list(dict.fromkeys(name for c in confirmed.values() for name in c.means))
    table = Table(box=None)
    table.add_column("key", no_wrap=True)  # to be copied
    for name in ("front", *(name.replace("_", " ") for name in names), "collapsed"):
        table.add_column(name)
    for network in networks:
        found = confirmed.get(network.key)
        if found is None:  # only lost trainings were retried
            continue
        cells = [estimate(found.means.get(name), found.errors.get(name)) for name in names]
        chance = "yes" if network.on_front else f"P {network.p_front:.2f}"
        table.add_row(network.key[:8], chance, *cells, f"{found.collapsed} of {found.replicates}")
    return table
