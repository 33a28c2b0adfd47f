"""A network beside its controls in the terminal: a table a measure, then what it comes to."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.ablating import BAR_TITLE, Ablation, ablate_front
from evonas.api.progress_bar import count_display
from evonas.report.controls.comparison import Comparison
from evonas.report.controls.files import PICTURE_FILE, TABLE_FILE
from evonas.report.controls.order import by_difference
from evonas.report.controls.paired import Estimate
from evonas.report.controls.verdict import readable_measure, reported, verdict
from evonas.study.controls.names import NETWORK


def show_controls(console: Console, ablation: Ablation) -> None:
    """Print the tables, the verdict, and where the files are."""
    rows = reported(ablation.comparisons)
    for measure in dict.fromkeys(row.measure for row in rows):
        _say(console, f"\n{readable_measure(measure)}")
        console.print(_table([row for row in rows if row.measure == measure]))
    _say(
        console,
        "difference: network minus control, over pairs of trainings with equal seeds; ±: half of "
        "the 95 % interval; p: paired t test, and the exact test by flipped signs, both after "
        "Holm over the controls of the table\n",
    )
    for line in (*ablation.verdict, *(f"left out: {text}" for text in ablation.left_out)):
        _say(console, line)
    _say(
        console,
        f"\ntable: {ablation.folder / TABLE_FILE}; picture: {ablation.folder / PICTURE_FILE}",
    )


def ablate_and_show(folder: Path, *, workers: int | None, is_quiet: bool) -> None:
    """Train the controls of every network that a run returned, and print what they come to.

    Raises:
        RunFolderError: there is no run in the folder, or another process is at work on it.
    """
    console = Console(quiet=is_quiet)
    with count_display(console, is_quiet=is_quiet, title=BAR_TITLE, unit="trainings") as show:
        ablations = ablate_front(folder, workers=workers, on_progress=show)
    for ablation in ablations:
        _say(console, f"\ncontrols of {ablation.key}")
        show_controls(console, ablation)


def _table(rows: Sequence[Comparison]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for name in ("control", "mean", "difference", "pairs", "p", "p signs", "lost", "network is"):
        table.add_column(name, no_wrap=name != "network is")
    for row in by_difference(rows):
        lost = row.failed + row.collapsed
        table.add_row(
            f"{row.control} ({row.members})" if row.members > 1 else row.control,
            _interval(row.own, "{:.3f}"),
            _interval(row.difference, "{:+.3f}"),
            str(row.pairs or ""),
            _p(row.p_holm),
            _p(row.p_flipped_holm),
            f"{lost}/{row.trainings}" if lost else "",
            "" if row.control == NETWORK else verdict(row),
        )
    return table


def _interval(found: Estimate | None, form: str) -> str:
    if found is None:
        return "-"
    if found.high is None:
        return form.format(found.mean)
    return f"{form} ±{found.high - found.mean:.3f}".format(found.mean)


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
