"""Engines against each other in real training on scikit-learn's digits, at equal trained epochs.

    python -m benchmarks.engines_on_digits runs/engines --ways random,nsga2
    python -m benchmarks.engines_on_digits runs/engines                       # all that is missing

Every run searches NAS-Bench-201 (8 channels, one cell a stage, the space's rules) for ``acc`` and
``robust`` and spends 480 epochs: 80 candidates of 6. A way with the EG operator pays for the
epochs of its supernet before its first candidate, and has 77. What counts is the hypervolume of
the archive between 0 and 1 in both objectives. Runs that are in the folder are finished, not
repeated; the tables are of all that is there.
"""

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import torch

from benchmarks.sections import write_section
from evonas.benchmarking.statistics import bootstrap_interval, holm, mann_whitney, superiority
from evonas.cli.options import RunOptions, resolve
from evonas.evaluation.evaluate import Evaluation
from evonas.space import source_text
from evonas.study import create_run, make_executor, readable_run, run_study
from evonas.study.config import CONFIG_FILE
from evonas.study.progress import archive_hypervolume

OBJECTIVES = ("acc", "robust")
EPOCHS, BUDGET, SUPERNET_EPOCHS = 6, 480, 18
CHECKPOINTS = (120, 240, 360, 480)
SEEDS = (0, 1, 2, 3, 4)
EG: dict[str, Any] = {
    "mutation": "eg",
    "eg_without": "similarity",
    "supernet_epochs": SUPERNET_EPOCHS,
    "evaluations": (BUDGET - SUPERNET_EPOCHS) // EPOCHS,
}
WAYS: dict[str, dict[str, Any]] = {
    "random": {"algorithm": "random"},
    "nsga2": {"algorithm": "nsga2"},
    "nsga2 + eg": {"algorithm": "nsga2", **EG},
    "evonas": {"algorithm": "evonas"},
    "evonas + eg": {"algorithm": "evonas", **EG},
}


@dataclass(frozen=True)
class Reached:
    """What one run came to.

    Attributes:
        volumes: hypervolume at each checkpoint.
        best: the highest value of each objective.
    """

    volumes: tuple[float, ...]
    best: tuple[float, ...]


def spend(folder: Path, *, seed: int, **options: Any) -> None:
    """Run, or finish, the search in ``folder``."""
    if (folder / CONFIG_FILE).exists():
        with readable_run(folder) as (config, journal):
            if len(journal.evaluations()) >= config.evaluations:
                return
    else:
        unset = dict.fromkeys(
            ("rules", "data_dir", "batch", "images", "channels", "cells", "epsilon", "precision",
             "generations")
        )  # fmt: skip
        given = {
            **unset,
            "space": "nas-bench-201",
            "objectives": ",".join(OBJECTIVES),
            "dataset": "digits",
            "population": 20,
            "evaluations": BUDGET // EPOCHS,
            "epochs": EPOCHS,
            "seed": seed,
            "device": "cpu",
            **options,
        }
        config, _ = resolve(RunOptions(**given), download=False)
        create_run(folder, config, space_text=source_text(config.space))
    run_study(folder, executor=make_executor(1), on_progress=lambda _: None)


def reached(folder: Path, *, spent_before: int) -> Reached:
    """Read a finished run that had spent some epochs before its first candidate."""
    with readable_run(folder) as (_, journal):
        evaluations = journal.evaluations()
    counts = [(epochs - spent_before) // EPOCHS for epochs in CHECKPOINTS]
    return Reached(
        volumes=tuple(volume(evaluations[:count]) for count in counts),
        best=tuple(max(e.values[o] for e in evaluations if e.contends) for o in OBJECTIVES),
    )


def volume(evaluations: Sequence[Evaluation]) -> float:
    """Between 0 and 1 in both objectives."""
    return archive_hypervolume(evaluations, OBJECTIVES, reference_generation=evaluations) or 0.0


def spread(values: Sequence[float], digits: int = 4) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


def table(found: dict[str, list[Reached]]) -> list[str]:
    """A row for each way."""
    head = " | ".join(f"{epochs} epochs" for epochs in CHECKPOINTS)
    lines = [
        f"| way | {head} | 95 % of the last mean | best acc | best robust |",
        "|---" * (len(CHECKPOINTS) + 4) + "|",
    ]
    for way, runs in found.items():
        low, high = bootstrap_interval([run.volumes[-1] for run in runs])
        cells = [
            *map(spread, zip(*(run.volumes for run in runs), strict=True)),
            f"{low:.4f} to {high:.4f}",
            *(spread(values, 3) for values in zip(*(run.best for run in runs), strict=True)),
        ]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return lines


def tests(found: dict[str, list[Reached]]) -> list[str]:
    """A row for each pair of ways: hypervolume at the end, and its mean over the checkpoints."""
    lines = [
        "| first | second | hypervolume | difference | A12 | p | p (Holm) |",
        "|---" * 7 + "|",
    ]
    measures = {
        "at the end": {way: [r.volumes[-1] for r in runs] for way, runs in found.items()},
        "mean of the course": {
            way: [statistics.mean(r.volumes) for r in runs] for way, runs in found.items()
        },
    }
    for measure, values in measures.items():
        pairs = list(combinations(values, 2))
        raw = [mann_whitney(values[one], values[other]) for one, other in pairs]
        for (one, other), p, adjusted in zip(pairs, raw, holm(raw), strict=True):
            difference = statistics.mean(values[one]) - statistics.mean(values[other])
            effect = superiority(values[one], values[other])
            lines.append(
                f"| {one} | {other} | {measure} | {difference:+.4f} | {effect:.2f} | "
                f"{p:.3f} | {adjusted:.3f} |"
            )
    return lines


def main() -> None:
    """Run what is missing, print both tables, and write them into their section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="where the runs are kept")
    parser.add_argument("--ways", default=",".join(WAYS), help="what to run, comma-separated")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="comma-separated")
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for way in given.ways.split(","):
            spend(place(given.folder, way, seed), seed=seed, **WAYS[way])
            print(f"{way}, seed {seed}: done", flush=True)
    found = {}
    for way, options in WAYS.items():
        before = options.get("supernet_epochs", 0)
        places = [place(given.folder, way, seed) for seed in seeds]
        if all(path.exists() for path in places):
            found[way] = [reached(path, spent_before=before) for path in places]
    lines = [*table(found), "", *tests(found)]
    print("\n".join(lines))
    if len(found) == len(WAYS):
        write_section("engines_on_digits_tables", "\n".join(lines))


def place(folder: Path, way: str, seed: int) -> Path:
    """The folder of one run."""
    return folder / f"{way.replace(' ', '')}-{seed}"


if __name__ == "__main__":
    main()
