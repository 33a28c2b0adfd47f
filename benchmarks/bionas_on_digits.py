"""The two searches of BioNAS on scikit-learn's digits, from supernet to trained candidates.

    python -m benchmarks.bionas_on_digits

NAS-Bench-201 (8 channels, one cell per stage, the space's rules), ``acc`` alone, generations of 8
candidates with 3 epochs on 600 images. The accuracies of each search's candidates are compared
with random candidates at the same and at twice the number of trained epochs. DARTS is known to
collapse to skip connections and pooling, so the share of convolutions among the last proposed
operations is counted. Takes ten minutes in one process.
"""

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.digits_search import OPTIONS, search, spread
from benchmarks.support.sections import write_section
from evonas.evaluation.record import Evaluation

EPOCHS, IMAGES, BATCH = 3, 600, 32
POPULATION, GENERATIONS = 8, 3
NUM_CANDIDATES = POPULATION * GENERATIONS
SEEDS = (0, 1, 2)
WAYS = {"bionas-darts": GENERATIONS, "bionas-eg": GENERATIONS, "random": 2 * GENERATIONS}
CONVOLUTIONS = ("nor_conv_1x1", "nor_conv_3x3")


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        evaluations: evaluations in the order of their requests.
        cpu_seconds: CPU time of the whole run, including the supernet.
    """

    evaluations: list[Evaluation]
    cpu_seconds: float


def trajectory(folder: Path, *, algorithm: str, seed: int) -> Trajectory:
    """Perform a run in this process."""
    start = time.process_time()
    options = {
        **OPTIONS, "seed": seed, "algorithm": algorithm, "objectives": "acc", "epochs": EPOCHS,
        "images": IMAGES, "batch": BATCH, "population": POPULATION,
        "generations": WAYS[algorithm],
    }  # fmt: skip
    result = search(folder, options)
    return Trajectory(result.evaluations, time.process_time() - start)


def accuracies(evaluations: Sequence[Evaluation]) -> list[float]:
    """Accuracies of the evaluations that did not fail."""
    return [e.values["acc"] for e in evaluations if e.failure is None]


def convolution_share(evaluations: Sequence[Evaluation]) -> float:
    """Share of operations with weights among the operations on all edges of the cells."""
    found = [
        place.split("~")[0].split("(")[0]
        for e in evaluations
        for place in e.genome.split()[0].replace("+", "").split("|")
        if place
    ]
    return sum(name in CONVOLUTIONS for name in found) / len(found)


def row(name: str, trajectories: Sequence[Trajectory], count: int, *, has_all: bool) -> str:
    """Table row of the first ``count`` candidates of each run."""
    parts = [c.evaluations[:count] for c in trajectories]
    cells = [
        name,
        str(count),
        spread([max(accuracies(part)) for part in parts]),
        spread([statistics.median(accuracies(part)) for part in parts]),
        spread([statistics.median(accuracies(part[-POPULATION:])) for part in parts]),
        spread([convolution_share(part[-POPULATION:]) for part in parts], 2),
        spread([c.cpu_seconds for c in trajectories], 0) if has_all else "-",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table, and write it into its section."""
    columns = ("best acc", "median acc", "median of the last 8", "convolutions in them", "CPU s")
    lines = [f"| search | candidates | {' | '.join(columns)} |", "|---" * 7 + "|"]
    with tempfile.TemporaryDirectory() as parent:
        for algorithm, generations in WAYS.items():
            trajectories = [
                trajectory(Path(parent) / f"{algorithm}-{seed}", algorithm=algorithm, seed=seed)
                for seed in SEEDS
            ]
            for count in sorted({NUM_CANDIDATES, generations * POPULATION}):
                has_all = count == generations * POPULATION
                lines.append(row(f"`{algorithm}`", trajectories, count, has_all=has_all))
                print(lines[-1], flush=True)
    write_section("bionas_on_digits_table", "\n".join(lines))


if __name__ == "__main__":
    main()
