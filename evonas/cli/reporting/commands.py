"""``evonas report``, ``evonas plot`` and ``evonas table``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Run = Annotated[Path, Parameter(help="The folder of a run.")]


def report(
    *runs: Annotated[Path, Parameter(help="Run folders; several runs are compared.")],
    out: Annotated[
        Path | None, Parameter(help="The file; by default report.html in the folder of the run.")
    ] = None,
    live: Annotated[bool, Parameter(help="Rewrite the report until the runs have ended.")] = False,
    every: Annotated[float, Parameter(help="With --live: seconds between updates.")] = 10.0,
    quiet: Annotated[
        bool,
        Parameter(name=("--quiet", "-q"), help="Print only errors.", show_default=False),
    ] = False,
) -> None:
    """Write a one-page HTML report: fronts, networks, confirmations, attacks, controls.

    The page works offline, so it can be archived, mailed and printed. With --live, an open page
    follows the run. See docs/report.md.
    """
    from evonas.api.reporting.page import folders_of, report_live, report_path
    from evonas.api.reporting.page import report as write
    from evonas.api.terminal.console import say, working

    console = working(quiet=quiet)
    folders = folders_of(runs)
    path = report_path(folders, out)

    def tell(trainings: int) -> None:
        count = f"{trainings} training{'' if trainings == 1 else 's'}"
        say(console, f"{path}: {count}")

    if live:
        report_live(folders, path, every_seconds=every, on_written=tell)
    else:
        write(folders, out=path)
        say(console, f"report: {path}; open it in a browser")


def plot(
    run: Run,
    /,
    *,
    figure: Annotated[
        Literal["front", "hypervolume", "rules", "cells", "controls"],
        Parameter(help="Which figure."),
    ] = "front",
    format: Annotated[  # noqa: A002 - the name of the option
        Literal["pdf", "png", "svg"] | None,
        Parameter(help="File format; default: that of --out, else pdf."),
    ] = None,
    key: Annotated[
        str | None,
        Parameter(
            help="For cells and controls: key of the network; default: the first on the front."
        ),
    ] = None,
    columns: Annotated[
        int, Parameter(help="Width: 1 column of a paper (3.3 inches) or 2 (6.9).")
    ] = 1,
    out: Annotated[
        Path | None, Parameter(help="Output file; default: FIGURE.FORMAT in the run's folder.")
    ] = None,
) -> None:
    """Draw one figure for a paper: vector graphics, 8-point text, one column wide."""
    from evonas.api.reporting.paper import plot as draw
    from evonas.api.terminal.console import say, working

    path = draw(run, figure=figure, format=format, key=key, columns=columns, out=out)
    say(working(), f"figure: {path}")


def table(
    run: Run,
    /,
    *,
    format: Annotated[  # noqa: A002 - the name of the option
        Literal["latex", "markdown", "csv"], Parameter(help="Format of the table.")
    ] = "latex",
    out: Annotated[
        Path | None, Parameter(help="Output file; by default the table is printed.")
    ] = None,
) -> None:
    """Print the front of a run as a table for a paper, with errors and confirmations."""
    from evonas.api.reporting.paper import table as text_of
    from evonas.api.terminal.output import shown_on_stdout
    from evonas.study.weights import write_whole

    text = text_of(run, format=format)
    if out is not None:
        write_whole(out, text.encode())
        print(f"table: {out}", file=sys.stderr)
        return
    shown_on_stdout().write(text)
