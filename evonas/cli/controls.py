"""A network and its controls in the terminal: a table per measure, then the verdict."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.ablating import BAR_TITLE, Ablation, ablate_front, retry_lost_controls
from evonas.api.progress_bar import count_display
from evonas.api.terminal.console import say, working
from evonas.api.terminal.tables import print_table
from evonas.report.controls.comparison import Comparison
from evonas.report.controls.files import PICTURE_FILE, TABLE_FILE
from evonas.report.controls.order import by_difference
from evonas.report.controls.paired import Estimate
from evonas.report.controls.verdict import readable_measure, reported, verdict
from evonas.settings.workers import Workers
from evonas.study.controls.names import NETWORK

SHORT = {
    "better": "better",
    "worse": "worse",
    "no difference found": "=",
    "not compared": "untested",
}


def show_controls(console: Console, ablation: Ablation) -> None:
    """Print the tables, the verdict, and where the files are."""
    rows = reported(ablation.comparisons)
    for measure in dict.fromkeys(row.measure for row in rows):
        say(console, f"\n{readable_measure(measure)}")
        print_table(console, _table([row for row in rows if row.measure == measure]))
    say(
        console,
        "difference: network minus control, over pairs of trainings with equal seeds; ±: half of "
        "the 95 % interval;\np: paired t test and exact sign-flip test, both after Holm over the "
        "controls of the table;\nnetwork: better or worse at p < .05, otherwise =\n",
    )
    for line in (*ablation.verdict, *(f"left out: {text}" for text in ablation.left_out)):
        say(console, line)
    say(
        console,
        f"\ntable: {ablation.folder / TABLE_FILE}; picture: {ablation.folder / PICTURE_FILE}",
    )


def ablate_and_show(
    folder: Path, *, workers: Workers, is_quiet: bool, has_controls: bool, retry_failed: bool
) -> None:
    """Train the controls of every network that a run returned, and print the results.

    Args:
        folder: folder of the run.
        workers: where networks are trained.
        is_quiet: whether to hide progress.
        has_controls: whether the run asks for them.
        retry_failed: whether to repeat controls lost to a cause outside the network, even if the
            run does not ask for controls.

    Raises:
        RunFolderError: there is no run in the folder, or another process is working on it.
    """
    console = working(quiet=is_quiet)
    with count_display(console, is_quiet=is_quiet, title=BAR_TITLE, unit="trainings") as show:
        ablations: dict[str, Ablation] = {}
        if retry_failed:
            again = retry_lost_controls(folder, workers=workers, on_progress=show)
            ablations |= {each.key: each for each in again}
        if has_controls:
            found = ablate_front(folder, workers=workers, on_progress=show)
            ablations |= {each.key: each for each in found}
    for ablation in ablations.values():
        say(console, f"\ncontrols of {ablation.key}")
        show_controls(console, ablation)


def _table(rows: Sequence[Comparison]) -> Table:
    has_lost = any(row.failed + row.collapsed for row in rows)
    table = Table(box=None, padding=(0, 1, 0, 0))
    names = ["control", "mean", "difference", "pairs", "p", "p signs", "network"]
    for name in [*names, "lost"] if has_lost else names:
        table.add_column(name, no_wrap=True)
    for row in by_difference(rows):
        lost = row.failed + row.collapsed
        table.add_row(
            f"{row.control} ({row.members})" if row.members > 1 else row.control,
            _interval(row.own, "{:.3f}"),
            _interval(row.difference, "{:+.3f}"),
            str(row.pairs or ""),
            _p(row.p_holm),
            _p(row.p_flipped_holm),
            "" if row.control == NETWORK else SHORT[verdict(row)],
            *([f"{lost} of {row.trainings}" if lost else ""] if has_lost else []),
        )
    return table


def _interval(found: Estimate | None, form: str) -> str:
    if found is None:
        return "-"
    if found.high is None:
        return form.format(found.mean)
    return f"{form} ±{found.high - found.mean:.3f}".format(found.mean)


def _p(value: float | None) -> str:
    return "" if value is None else "<.001" if value < 0.001 else f"{value:.3f}"
