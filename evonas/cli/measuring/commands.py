"""The commands that measure search; everything heavy is imported when one runs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from evonas.api.terminal.console import showing, working
from evonas.cli.measuring.bench_options import BenchOptions
from evonas.cli.options import AsJson


def bench(options: Annotated[BenchOptions, Parameter(name="*")]) -> None:
    """Run search engines on a table of known results, without training."""
    from evonas.cli.measuring.benching import run_and_show

    run_and_show(working(), options)


def compare(
    *runs: Annotated[
        Path, Parameter(help="Run folders, or files written by evonas bench --json.")
    ],
    reference: Annotated[
        Path | None,
        Parameter(
            help="CSV of a reference front, such as a pareto.csv; default: the joint front of all "
            "runs."
        ),
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Output folder for tables (CSV) and figures.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Compare searches over several seeds: hypervolume, distances, intervals and tests."""
    from evonas.cli.measuring.comparing import compare_and_show

    compare_and_show(showing(), runs, reference=reference, out=out, as_json=json)
