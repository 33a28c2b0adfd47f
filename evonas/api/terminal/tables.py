"""Tables for reading and copying: nothing in them is truncated."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

UNBOUNDED_COLUMNS = 10_000


def print_table(console: Console, table: Table) -> None:
    """Print a table, wider than the terminal if a key or a word would be cut otherwise.

    Args:
        console: console to print on.
        table: columns that must stay on one line set ``no_wrap``.
    """
    options = console.options.update(max_width=UNBOUNDED_COLUMNS)
    for column in table.columns:
        # on a narrow terminal, rich would squeeze a column below its longest word
        measures = [
            Measurement.get(console, options, cell) for cell in (column.header, *column.cells)
        ]
        widths = [each.maximum if column.no_wrap else each.minimum for each in measures]
        column.min_width = max(widths, default=0)
    needed = Measurement.get(console, options, table).minimum
    if needed > console.width:
        table.width = needed
    console.print(table, crop=False)
