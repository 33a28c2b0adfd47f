"""The commands that measure search; everything heavy is imported when one runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def bench(
    table: Annotated[
        Path, typer.Option(help="CSV with a column 'arch' (.gz too), or a folder of NATS-Bench.")
    ],
    space: Annotated[
        str, typer.Option(help="The table's search space: a shipped one, or a YAML file.")
    ],
    maximize: Annotated[
        str, typer.Option("--maximize", "--maximise", help="Columns, comma-separated.")
    ] = "",
    minimize: Annotated[
        str, typer.Option("--minimize", "--minimise", help="Columns, comma-separated.")
    ] = "",
    report: Annotated[
        str | None,
        typer.Option(help="With one objective: the column reported of the best architecture."),
    ] = None,
    algorithm: Annotated[
        str, typer.Option(help="Engines, comma-separated; see: evonas algorithms.")
    ] = "evonas,nsga2,random",
    seeds: Annotated[int, typer.Option(help="Runs of each engine.")] = 30,
    first_seed: Annotated[int, typer.Option(help="The seed of the first run.")] = 0,
    checkpoints: Annotated[
        str, typer.Option(help="Evaluations after which a score is taken, comma-separated.")
    ] = "100,200,400,800",
    population: Annotated[int, typer.Option(help="Of every engine.")] = 20,
    at_once: Annotated[
        int | None,
        typer.Option(
            help="Genomes asked for at once; by default one of an engine that learns from every "
            "single result, a generation of the others."
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            help="Standard deviation of one training, column=number, comma-separated: engines are "
            "told noisy values and scored by the true worth of the front they return."
        ),
    ] = None,
    replicates: Annotated[
        str | None,
        typer.Option(
            help="With --noise: trainings of every architecture; auto, the default, spends each "
            "where it helps most."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; one for each core by default.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the score of every run at every checkpoint.")
    ] = None,
) -> None:
    """Run search engines on a table of known results, without training anything."""
    from evonas.cli.benching import BenchOptions, run_and_show

    options = BenchOptions(
        table=table,
        space=space,
        maximise=maximize,
        minimise=minimize,
        report=report,
        algorithms=algorithm,
        seeds=seeds,
        first_seed=first_seed,
        checkpoints=checkpoints,
        population=population,
        at_once=at_once,
        noise=noise,
        replicates=replicates,
        workers=workers,
        out=json,
    )
    run_and_show(Console(), options)


def algorithms() -> None:
    """List the search engines: what each is, how many objectives it takes, its source."""
    from evonas.cli.algorithms import list_algorithms

    list_algorithms(Console())


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders of runs, or files that evonas bench wrote.")
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="CSV of a front to measure against, such as a pareto.csv; by default that of all "
            "runs together."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for the tables as CSV and for pictures.")
    ] = None,
) -> None:
    """Compare searches over several seeds: hypervolume, distances, intervals and tests."""
    from evonas.cli.comparing import compare_and_show

    compare_and_show(Console(), runs, reference=reference, out=out)
