"""Lists of available things, as a table in the terminal or as JSON."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from evonas.api.terminal.json_output import print_json, without_spaces
from evonas.api.terminal.tables import print_table


def print_rows(
    console: Console, rows: Sequence[Mapping[str, object]], *, as_json: bool = False
) -> None:
    """One line for each; a key of the first rows that a later one lacks stays empty."""
    if as_json:
        print_json(console, [without_spaces(row) for row in rows])
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*(readable_cell(row.get(name, "")) for name in names))
    print_table(console, table)


def readable_cell(value: object) -> str:
    """Whole numbers with commas, and huge ones as a power of ten."""
    if not isinstance(value, int):
        return str(value)
    return f"{value:,}" if value < 10**9 else f"10^{len(str(value)) - 1}"
