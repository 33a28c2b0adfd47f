"""Tables that are read and copied from: nothing in them is cut."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

UNBOUNDED_COLUMNS = 10_000


def print_table(console: Console, table: Table) -> None:
    """Print a table, wider than the terminal where a key or a word would be cut otherwise.

    Args:
        console: to print on.
        table: columns that must stay on one line say so by ``no_wrap``.
    """
    options = console.options.update(max_width=UNBOUNDED_COLUMNS)
    for column in table.columns:
        if column.no_wrap:
            cells = [column.header, *column.cells]
            widths = [Measurement.get(console, options, cell).maximum for cell in cells]
            column.min_width = max(widths, default=0)
    needed = Measurement.get(console, options, table).minimum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)
