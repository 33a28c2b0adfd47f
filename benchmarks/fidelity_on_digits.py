"""Benefit of successive halving and gates on scikit-learn's digits, at equal trained epochs.

    python -m benchmarks.fidelity_on_digits

Every run searches NAS-Bench-201 (8 channels, one cell per stage, the space's rules) for ``acc``
and ``robust`` and is cut after 360 epochs: 40 candidates with 9 epochs, or about 160 of which most
stop after 1 or 3. The score is the hypervolume of fully trained candidates between 0 and 1 in both
objectives. A second table compares the first of these searches with and without gates in CPU
seconds. Takes half an hour in one process.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.support.digits_search import OPTIONS, POPULATION, search, spread, volume
from benchmarks.support.sections import write_section
from evonas.evaluation.record import Evaluation
from evonas.study.journal.events import Told
from evonas.study.journal.opening import open_journal

EPOCHS, BUDGET = 9, 360
FULL = {**OPTIONS, "generations": BUDGET // EPOCHS // POPULATION, "epochs": EPOCHS}
CHECKPOINTS = (90, 180, 270, 360)
SEEDS = (0, 1, 2)
HALVING: dict[str, Any] = {"fidelity": "1,3,9", "eta": 3, "generations": 9}
WAYS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("nsga2", "full training", {}),
    ("nsga2", "1,3,9", HALVING),
    ("nsga2", "1,3,9, steady", HALVING | {"mode": "steady"}),
    ("random", "full training", {}),
    ("random", "1,3,9", HALVING),
)


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        volumes: hypervolume at each of the epoch budgets.
        candidates: number of candidates requested within the budget.
        full: number of fully trained candidates among them.
        gated: number of candidates among them that were not attacked.
        best: best accuracy of the fully trained candidates.
        cpu_seconds: CPU time of the whole run.
    """

    volumes: tuple[float, ...]
    candidates: int
    full: int
    gated: int
    best: float
    cpu_seconds: float


def trajectory(folder: Path, *, seed: int, **options: Any) -> Trajectory:
    """Perform a run, and evaluate it at each of the epoch budgets."""
    start = time.process_time()
    search(folder, {**FULL, "seed": seed, **options})
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
    return Trajectory(
        tuple(volumes),
        candidates=len(known),
        full=len(full),
        gated=sum(e.failure is None and "robust" not in e.values for e in known.values()),
        best=max(e.values["acc"] for e in full),
        cpu_seconds=cpu_seconds,
    )


def trajectories(parent: Path, engine: str, name: str, **options: Any) -> list[Trajectory]:
    """The trajectories of all seeds."""
    return [
        trajectory(parent / f"{engine}-{name}-{seed}", seed=seed, algorithm=engine, **options)
        for seed in SEEDS
    ]


def main() -> None:
    """Print both tables, and write them into their section."""
    head = " | ".join(f"{epochs} epochs" for epochs in CHECKPOINTS)
    ways = [f"| engine | way | {head} | candidates | full | best acc |", "|---" * 9 + "|"]
    gates = ["| gate | CPU s | not attacked, of 40 | hypervolume |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for engine, name, options in WAYS:
            found = trajectories(Path(folder), engine, name, **options)
            if not gates[2:]:  # the first way has gates
                gates.append(gate_row("skip", found))
            columns = zip(*(c.volumes for c in found), strict=True)
            ways.append(
                f"| `{engine}` | {name} | {' | '.join(map(spread, columns))} | "
                f"{statistics.mean(c.candidates for c in found):.0f} | "
                f"{statistics.mean(c.full for c in found):.0f} | "
                f"{spread([c.best for c in found])} |"
            )
            print(ways[-1], flush=True)
        gates.append(gate_row("off", trajectories(Path(folder), "nsga2", "off", gate="off")))
    print("\n".join(gates))
    write_section("fidelity_on_digits_tables", "\n".join([*ways, "", *gates]))


def gate_row(gate: str, found: Sequence[Trajectory]) -> str:
    """A row of the second table."""
    return (
        f"| `{gate}` | {spread([c.cpu_seconds for c in found], 1)} | "
        f"{statistics.mean(c.gated for c in found):.0f} | "
        f"{spread([c.volumes[-1] for c in found])} |"
    )


if __name__ == "__main__":
    main()
