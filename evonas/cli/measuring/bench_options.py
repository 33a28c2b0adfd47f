"""The options of ``evonas bench``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """Which engines are run on which table, how often, and how they are scored."""

    table: Annotated[
        Path, Parameter(help="CSV with a column 'arch' (.gz too), or a folder of NATS-Bench.")
    ]
    space: Annotated[
        str, Parameter(help="The table's search space: a shipped one, or a YAML file.")
    ]
    maximise: Annotated[
        str,
        Parameter(
            name=("--maximize", "--maximise"), help="Columns, comma-separated.", show_default=False
        ),
    ] = ""
    minimise: Annotated[
        str,
        Parameter(
            name=("--minimize", "--minimise"), help="Columns, comma-separated.", show_default=False
        ),
    ] = ""
    report: Annotated[
        str | None,
        Parameter(help="With one objective: the column to report for the best architecture."),
    ] = None
    algorithms: Annotated[
        str,
        Parameter(name="--algorithm", help="Engines, comma-separated; see: evonas algorithms."),
    ] = "evonas,nsga2,random"
    seeds: Annotated[int, Parameter(help="Runs of each engine.")] = 30
    first_seed: Annotated[int, Parameter(help="The seed of the first run.")] = 0
    checkpoints: Annotated[
        str, Parameter(help="Numbers of evaluations after which to score, comma-separated.")
    ] = "100,200,400,800"
    population: Annotated[int, Parameter(help="Population of every engine.")] = 20
    at_once: Annotated[
        int | None,
        Parameter(
            help="Genomes per ask; default: one for engines that learn from every single result, "
            "a generation for the others."
        ),
    ] = None
    signals: Annotated[
        str | None,
        Parameter(
            help="Zero-cost signals for engines with a model, comma-separated: free, the default, "
            "or others of docs/signals.md; none for no signals."
        ),
    ] = None
    noise: Annotated[
        str | None,
        Parameter(
            help="Standard deviation of one training, column=number, comma-separated. Engines "
            "receive noisy values and are scored by the true values of the front they return."
        ),
    ] = None
    replicates: Annotated[
        str | None,
        Parameter(
            help="With --noise: trainings per architecture; auto, the default, allocates them "
            "where they help most."
        ),
    ] = None
    workers: Annotated[int | None, Parameter(help="Processes; default: one per core.")] = None
    out: Annotated[
        Path | None,
        Parameter(
            name="--json", help="Write the scores of all runs at all checkpoints to this file."
        ),
    ] = None
