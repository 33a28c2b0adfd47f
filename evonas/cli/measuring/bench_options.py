"""The options of ``evonas bench``, each said once."""

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
        Parameter(help="With one objective: the column reported of the best architecture."),
    ] = None
    algorithms: Annotated[
        str,
        Parameter(name="--algorithm", help="Engines, comma-separated; see: evonas algorithms."),
    ] = "evonas,nsga2,random"
    seeds: Annotated[int, Parameter(help="Runs of each engine.")] = 30
    first_seed: Annotated[int, Parameter(help="The seed of the first run.")] = 0
    checkpoints: Annotated[
        str, Parameter(help="Evaluations after which a score is taken, comma-separated.")
    ] = "100,200,400,800"
    population: Annotated[int, Parameter(help="Of every engine.")] = 20
    at_once: Annotated[
        int | None,
        Parameter(
            help="Genomes asked for at once; by default one of an engine that learns from every "
            "single result, a generation of the others."
        ),
    ] = None
    signals: Annotated[
        str,
        Parameter(
            help="Cheap signals of every architecture, comma-separated, that an engine with a "
            "model is told: free, or those of an untrained network; see the page on signals."
        ),
    ] = "none"
    noise: Annotated[
        str | None,
        Parameter(
            help="Standard deviation of one training, column=number, comma-separated: engines are "
            "told noisy values and scored by the true worth of the front they return."
        ),
    ] = None
    replicates: Annotated[
        str | None,
        Parameter(
            help="With --noise: trainings of every architecture; auto, the default, spends each "
            "where it helps most."
        ),
    ] = None
    workers: Annotated[int | None, Parameter(help="Processes; one for each core by default.")] = (
        None
    )
    out: Annotated[
        Path | None,
        Parameter(name="--json", help="Write the score of every run at every checkpoint."),
    ] = None
