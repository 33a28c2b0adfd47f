"""``evonas analyse``: tables, pictures, and in words what can be said and what cannot."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def analyse(
    *runs: Annotated[
        Path, Parameter(help="Folders of runs of one space, objectives and protocol.")
    ],
    what: Annotated[
        str | None,
        Parameter(
            help="Of enrichment, effects, gradients, landscape, with commas; by default all that "
            "the runs allow."
        ),
    ] = None,
    keys: Annotated[
        str | None,
        Parameter(
            help="Of the networks whose gradients and losses are looked at, with commas; the "
            "beginnings are enough. By default the first 3 of the front."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="A folder for tables and pictures; by default RUN/analysis."),
    ] = None,
    seed: Annotated[
        int, Parameter(help="Of permutations, folds, mini-batches and directions.")
    ] = 0,
    batches: Annotated[
        int, Parameter(help="Mini-batches over which the variance of gradients is taken.")
    ] = 20,
    grid: Annotated[
        int, Parameter(help="Points along each side of a loss landscape, an odd number.")
    ] = 21,
    quiet: Annotated[
        bool,
        Parameter(name=("--quiet", "-q"), help="Print nothing but errors.", show_default=False),
    ] = False,
) -> None:
    """Say which rules and operations are behind a front, with p values and errors.

    Enrichment of rules by depth, main effects, variance of gradients, loss landscape.
    """
    from evonas.api.analysing import analyse as analysed
    from evonas.api.terminal.console import working
    from evonas.cli.examining.analysis_words import say_analysis

    console = working(quiet=quiet)
    found = analysed(
        runs,
        what=_names(what),
        keys=_names(keys),
        out=out,
        seed=seed,
        batches=batches,
        grid=grid,
        progress=not quiet,
        console=console,
    )
    say_analysis(console, found)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
