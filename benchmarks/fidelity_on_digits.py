"""What successive halving and gates bring on scikit-learn's digits, at equal epochs of training.

    python -m benchmarks.fidelity_on_digits

Every run searches NAS-Bench-201 (8 channels, one cell a stage, the space's rules) for ``acc`` and
``robust`` and is cut where 360 epochs were spent: 40 candidates of 9 epochs, or some 160 of which
most stop after 1 or 3. What counts is the hypervolume of fully trained candidates, between 0 and 1
in both objectives. Then the same search with and without gates, in CPU seconds. One process.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sections import write_section
from evonas.cli.options import RunOptions, resolve
from evonas.evaluation.evaluate import Evaluation
from evonas.space import source_text
from evonas.study import StudyResult, create_run, make_executor, open_journal, run_study
from evonas.study.journal import Told
from evonas.study.progress import archive_hypervolume

OBJECTIVES = ("acc", "robust")
EPOCHS, BUDGET = 9, 360
CHECKPOINTS = (90, 180, 270, 360)
SEEDS = (0, 1, 2)
HALVING: dict[str, Any] = {"fidelity": "1,3,9", "eta": 3, "generations": 9}
WAYS: dict[str, dict[str, Any]] = {
    "full training": {},
    "full training, steady": {"mode": "steady"},
    "1,3,9": HALVING,
    "1,3,9, steady": HALVING | {"mode": "steady"},
}
ENGINES = ("nsga2", "random")


@dataclass(frozen=True)
class Course:
    """One run.

    Attributes:
        volumes: hypervolume when so many epochs were spent.
        candidates: asked for by then.
        full: of them, fully trained.
        best: accuracy among these.
        cpu_seconds: of the whole run.
    """

    volumes: tuple[float, ...]
    candidates: int
    full: int
    best: float
    cpu_seconds: float


def run(folder: Path, *, seed: int, **options: Any) -> StudyResult:
    """A search of 20 candidates a generation, two generations unless told otherwise."""
    unset = dict.fromkeys(
        ("rules", "data_dir", "evaluations", "batch", "images", "channels", "cells", "epsilon",
         "precision")
    )  # fmt: skip
    given = {
        **unset,
        "space": "nas-bench-201",
        "objectives": ",".join(OBJECTIVES),
        "dataset": "digits",
        "algorithm": "nsga2",
        "population": 20,
        "generations": BUDGET // EPOCHS // 20,
        "epochs": EPOCHS,
        "seed": seed,
        "device": "cpu",
        **options,
    }
    config, _ = resolve(RunOptions(**given), download=False)
    create_run(folder, config, space_text=source_text(config.space))
    return run_study(folder, executor=make_executor(1), on_progress=lambda _: None)


def course(folder: Path, *, seed: int, **options: Any) -> Course:
    """A run, and what had come of it when so many epochs were spent."""
    start = time.process_time()
    run(folder, seed=seed, **options)
    cpu_seconds = time.process_time() - start
    journal = open_journal(folder)
    told = [event.evaluation for event in journal.events() if isinstance(event, Told)]
    journal.close()
    volumes: list[float] = []
    known: dict[str, Evaluation] = {}
    spent = 0
    for evaluation in told:
        before = known[evaluation.key].epochs if evaluation.key in known else 0
        while (
            len(volumes) < len(CHECKPOINTS)
            and spent + evaluation.epochs - before > (CHECKPOINTS[len(volumes)])
        ):
            volumes.append(volume(list(known.values())))
        if len(volumes) == len(CHECKPOINTS):
            break
        spent += evaluation.epochs - before
        known[evaluation.key] = evaluation
    volumes += [volume(list(known.values()))] * (len(CHECKPOINTS) - len(volumes))
    full = [e for e in known.values() if e.failure is None and e.epochs == EPOCHS]
    return Course(
        tuple(volumes), len(known), len(full), max(e.values["acc"] for e in full), cpu_seconds
    )


def volume(evaluations: Sequence[Evaluation]) -> float:
    """Between accuracy and robustness 0 and 1."""
    return archive_hypervolume(evaluations, OBJECTIVES, reference_generation=evaluations) or 0.0


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"


def compare_ways(parent: Path) -> list[str]:
    """A table: hypervolume when so many epochs were spent."""
    head = " | ".join(f"{epochs} epochs" for epochs in CHECKPOINTS)
    lines = [f"| engine | way | {head} | candidates | full | best acc |", "|---" * 9 + "|"]
    for engine in ENGINES:
        for name, options in WAYS.items():
            courses = [
                course(parent / f"{engine}-{name}-{seed}", seed=seed, algorithm=engine, **options)
                for seed in SEEDS
            ]
            columns = zip(*(c.volumes for c in courses), strict=True)
            lines.append(
                f"| `{engine}` | {name} | {' | '.join(map(spread, columns))} | "
                f"{statistics.mean(c.candidates for c in courses):.0f} | "
                f"{statistics.mean(c.full for c in courses):.0f} | "
                f"{spread([c.best for c in courses])} |"
            )
            print(lines[-1], flush=True)
    return lines


def compare_gates(parent: Path) -> list[str]:
    """A table: CPU seconds with and without gates."""
    lines = ["| gate | CPU s | not attacked, of 80 | hypervolume |", "|---|---|---|---|"]
    for gate in ("skip", "measure", "off"):
        seconds, skipped, volumes = [], [], []
        for seed in SEEDS:
            start = time.process_time()
            result = run(parent / f"{gate}-{seed}", seed=seed, gate=gate, generations=4)
            seconds.append(time.process_time() - start)
            skipped.append(sum(e.failure is None and "robust" not in e.values
                               for e in result.evaluations))  # fmt: skip
            volumes.append(volume(result.evaluations))
        lines.append(
            f"| `{gate}` | {spread(seconds, 1)} | {statistics.mean(skipped):.0f} | "
            f"{spread(volumes, 4)} |"
        )
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Print both tables, and write them into their section."""
    with tempfile.TemporaryDirectory() as parent:
        ways, gates = compare_ways(Path(parent)), compare_gates(Path(parent))
    write_section("fidelity_on_digits_tables", "\n".join([*ways, "", *gates]))


if __name__ == "__main__":
    main()
