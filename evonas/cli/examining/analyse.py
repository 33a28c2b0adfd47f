"""``evonas analyse``: tables, pictures, and the conclusions in words."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def analyse(
    *runs: Annotated[
        Path, Parameter(help="Run folders with the same space, objectives and protocol.")
    ],
    what: Annotated[
        str | None,
        Parameter(
            help="Analyses, comma-separated: enrichment, effects, gradients, landscape; default: "
            "all that the runs allow."
        ),
    ] = None,
    keys: Annotated[
        str | None,
        Parameter(
            help="Networks for gradients and landscape, comma-separated; the first characters of "
            "a key are enough. Default: the first 3 of the front."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="Output folder for tables and figures; default: RUN/analysis."),
    ] = None,
    seed: Annotated[
        int, Parameter(help="Seed of permutations, folds, mini-batches and directions.")
    ] = 0,
    batches: Annotated[int, Parameter(help="Mini-batches for the gradient variance.")] = 20,
    grid: Annotated[
        int, Parameter(help="Points along each side of a loss landscape, an odd number.")
    ] = 21,
    quiet: Annotated[
        bool,
        Parameter(name=("--quiet", "-q"), help="Print only errors.", show_default=False),
    ] = False,
) -> None:
    """Find which rules and operations make a front good, with p values and errors.

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
