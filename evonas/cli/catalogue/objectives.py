"""The objectives in the terminal: a row for each."""

from rich.console import Console

from evonas.api.catalogue import objectives_and_problems
from evonas.api.terminal.console import say
from evonas.cli.catalogue.listing import print_rows
from evonas.errors import ObjectiveError

OWN = "one of your own: --objective module:function; see docs/objectives.md"


def list_objectives(console: Console, *, as_json: bool) -> list[ObjectiveError]:
    """One row for each.

    Returns:
        The problems of unusable ones from other packages.
    """
    rows, problems = objectives_and_problems()
    if as_json:
        print_rows(console, rows, as_json=True)
    else:
        print_rows(console, [{k: v for k, v in row.items() if k != "error"} for row in rows])
        say(console, OWN)
    return problems
