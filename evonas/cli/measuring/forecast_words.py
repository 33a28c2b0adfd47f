"""Print a forecast in the terminal."""

from rich.console import Console
from rich.table import Table

from evonas.api.checks.forecast import RunForecast
from evonas.api.terminal.console import say
from evonas.api.terminal.tables import print_table

MIB = 2**20
COLUMNS = (
    "parameters", "multiply-adds", "peak MiB", "step ms", "training s", "objectives s",
    "latency ms",
)  # fmt: skip


def show_forecast(console: Console, found: RunForecast) -> None:
    """A row for each candidate, and what the run needs.

    Args:
        console: console to print on.
        found: to be shown.
    """
    table = Table(*COLUMNS, box=None)
    for column in table.columns:
        column.justify, column.no_wrap = "right", True
    for each in found.candidates:
        table.add_row(
            f"{each.parameters:,}",
            f"{each.multiply_adds:,}",
            f"{each.peak_bytes / MIB:.1f}",
            f"{1e3 * each.step_seconds:.1f}",
            f"{each.training_seconds:.1f}",
            f"{each.objective_seconds:.1f}",
            f"{each.latency_milliseconds:.2f}",
        )
    print_table(console, table)
    lines = [
        f"{found.evaluations:,} evaluations of {found.seconds_a_candidate:.1f} s on average, "
        f"{found.at_once} at once: about {duration(found.seconds)} if nothing is skipped",
        f"memory of {found.workers} training steps at once: at most "
        f"{found.peak_bytes / MIB:,.0f} MiB for the largest of these, plus the images and about "
        f"300 MiB for each process",
    ]
    if found.workers > found.cores:
        lines.append(
            f"{found.workers} workers share {found.cores} cores: more workers than cores save "
            "no time"
        )
    say(console, "\n".join(lines))


def duration(seconds: float) -> str:
    """In a readable unit."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
