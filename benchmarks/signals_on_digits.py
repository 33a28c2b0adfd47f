"""Compare searches with and without cheap signals in real training by their confirmed fronts.

    python -m benchmarks.signals_on_digits runs/signals
    python -m benchmarks.signals_on_digits runs/signals --ways free,jacobian,synflow --seeds 0 1

The main job (NAS-Bench-201 with its rules on digits, ``acc`` and ``robust``, 80 trainings,
``--replicates auto``) for each seed and each way. The score is that of the returned front, by
three fresh trainings of each of its networks that played no part in choosing it: hypervolume
between 0 and 1, and the best value of each objective. Runs in the folder are finished, not
repeated.
"""

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch

import evonas
from benchmarks.support.means import mean_with_error
from benchmarks.support.sections import write_section
from evonas.search.pareto import hypervolume
from evonas.study.config import CONFIG_FILE
from evonas.study.results.candidate import front
from evonas.study.results.reading import read_run

OBJECTIVES = ("acc", "robust")
WAYS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "free": ("free",),
    "free,jacobian,synflow": ("free", "jacobian", "synflow"),
}


@dataclass(frozen=True)
class Returned:
    """A confirmed front: its hypervolume, its best values and its number of networks."""

    volume: float
    acc: float
    robust: float
    networks: int


def run(folder: Path, *, seed: int, signals: Sequence[str]) -> Returned:
    """Search and confirm, or finish an interrupted run, and read the returned front."""
    if (folder / CONFIG_FILE).exists():
        evonas.load_study(folder).resume(progress=False)
    else:
        evonas.search(
            "nas-bench-201", objectives=OBJECTIVES, signals=signals, seed=seed, confirm=3,
            out=folder, progress=False,
        )  # fmt: skip
    state = read_run(folder)
    means = [state.confirmed[c.key].means for c in front(state.candidates, OBJECTIVES)]
    points = [tuple(-each[name] for name in OBJECTIVES) for each in means]
    return Returned(
        hypervolume(points, reference=(0.0, 0.0)),
        max(each["acc"] for each in means),
        max(each["robust"] for each in means),
        len(means),
    )


def table(found: Mapping[tuple[str, int], Returned]) -> str:
    """Each way over its seeds, and its difference from the way ``none``, paired by seed."""
    lines = [
        "## Cheap signals in real training\n",
        "`python -m benchmarks.signals_on_digits FOLDER` (for details see its docstring),",
        f"torch {torch.__version__}; mean ± standard error over seeds, pairs of equal seeds.\n",
        "| signals | seeds | hypervolume | minus none | best `acc` | best `robust` | networks |",
        "|---|---|---|---|---|---|---|",
    ]
    for way in dict.fromkeys(name for name, _ in found):
        some = {seed: each for (name, seed), each in found.items() if name == way}
        gains = [
            each.volume - found["none", seed].volume
            for seed, each in some.items()
            if ("none", seed) in found
        ]
        cells = [
            f"`{way}`",
            ", ".join(map(str, some)),
            mean_with_error([each.volume for each in some.values()], digits=4),
            "-" if way == "none" else mean_with_error(gains, digits=4, sign="+"),
            mean_with_error([each.acc for each in some.values()], digits=4),
            mean_with_error([each.robust for each in some.values()], digits=4),
            f"{statistics.mean(each.networks for each in some.values()):.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Perform the missing runs, and write the table after each of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=["none", "free"])
    given = parser.parse_args()
    found: dict[tuple[str, int], Returned] = {}
    for seed, way in product(given.seeds, given.ways):
        folder = given.folder / f"{way.replace(',', '-')}-{seed}"
        found[way, seed] = run(folder, seed=seed, signals=WAYS[way])
        print(way, seed, found[way, seed], flush=True)
        write_section("signals_on_digits", table(found))


if __name__ == "__main__":
    main()
