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
        # rich would squeeze a column below its longest word where the terminal is narrow
        measures = [
            Measurement.get(console, options, cell) for cell in (column.header, *column.cells)
        ]
        widths = [each.maximum if column.no_wrap else each.minimum for each in measures]
        column.min_width = max(widths, default=0)
    needed = Measurement.get(console, options, table).minimum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)
