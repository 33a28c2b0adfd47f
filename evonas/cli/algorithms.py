"""The search engines in the terminal."""

from rich.console import Console
from rich.table import Table

from evonas.search.base import AbstractSearch
from evonas.search.engines import SEARCHES
from evonas.search.guided_engines import GUIDED_SEARCHES


def list_algorithms(console: Console) -> None:
    """One row for each engine."""
    table = Table("name", "what it is", "objectives", "asked for", "source", box=None)
    searches: dict[str, type[AbstractSearch]] = {**SEARCHES, **GUIDED_SEARCHES}
    for name, search in searches.items():
        asked = "one by one" if search.is_sequential else "generations"
        table.add_row(name, search.title, _objectives(search), asked, search.source)
    console.print(table)


def _objectives(search: type[AbstractSearch]) -> str:
    if search.max_objectives is None:
        return f"{search.min_objectives} or more"
    return str(search.max_objectives)
