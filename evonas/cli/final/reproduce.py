"""``evonas reproduce``: a paper's table compared with your own trainings."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import say, showing
from evonas.api.terminal.json_output import print_json
from evonas.cli.options import AsJson


def reproduce(
    paper: Annotated[str, Parameter(help="bionas.")],
    folders: Annotated[
        tuple[Path, ...],
        Parameter(help="Folders to search, recursively, for results of evonas train."),
    ] = (),
    /,
    *,
    table: Annotated[int, Parameter(help="Number of the table in the paper.")] = 1,
    json: AsJson = False,
    markdown: Annotated[bool, Parameter(help="Print Markdown.", show_default=False)] = False,
) -> None:
    """Compare a paper's numbers with your trainings, each with its source or budget.

    Numbers of yours appear only where you ran a training.
    """
    from evonas.api.final.reproducing import reproduce as compare
    from evonas.cli.catalogue.listing import print_rows
    from evonas.errors import ConfigError

    if json and markdown:
        raise ConfigError("expected --json or --markdown, got both")
    console = showing()
    found = compare(paper, folders, table=table)
    if json:
        document = {"title": found.title, "not_at_hand": found.unknown, "rows": found.rows}
        print_json(console, document)
        return
    if markdown:
        say(console, found.markdown, end="")
        return
    say(console, found.title)
    sources = list(dict.fromkeys(row["source"] for row in found.rows if row["source"]))
    rows = [
        {**row, "source": f"[{sources.index(row['source']) + 1}]" if row["source"] else ""}
        for row in found.rows
    ]
    print_rows(console, rows)
    for number, source in enumerate(sources, start=1):
        say(console, f"[{number}] {source}")
    say(console, f"Not available: {found.unknown}.")
