"""The objectives in the terminal: a row for each."""

import sys

from rich.console import Console

from evonas.api.catalogue import objectives_and_problems
from evonas.cli.listing import print_rows

OWN = "one of your own: --objective module:function; see docs/objectives.md"


def list_objectives(console: Console) -> None:
    """One row for each; a package whose objective cannot be used is told on the error output."""
    rows, problems = objectives_and_problems()
    print_rows(console, [{k: v for k, v in row.items() if k != "error"} for row in rows])
    console.print(OWN, highlight=False, markup=False, soft_wrap=True)
    for told in problems:
        print(f"evonas: left out: {told}", file=sys.stderr)
