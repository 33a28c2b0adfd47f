"""Compare engines in real training on scikit-learn's digits, at equal trained epochs.

    python -m benchmarks.engines_on_digits runs/engines --ways random,nsga2
    python -m benchmarks.engines_on_digits runs/engines                       # all missing runs

Every run searches NAS-Bench-201 (8 channels, one cell per stage, the space's rules) for ``acc``
and ``robust`` and spends 480 epochs: 80 candidates with 6 epochs. A way with the EG operator pays
for the epochs of its supernet before its first candidate, and has 77 candidates. The score is the
hypervolume of the archive between 0 and 1 in both objectives. Runs in the folder are finished, not
repeated; the tables contain all ways whose runs are finished for every seed.
"""

import argparse
import statistics
from pathlib import Path
from typing import Any

import torch

from benchmarks.support.digits_search import OBJECTIVES, OPTIONS, search, spread, volume
from benchmarks.support.sections import write_section
from evonas.benchmarking.comparison import Comparison, RunScores
from evonas.study.config import CONFIG_FILE
from evonas.study.folder import readable_run

EPOCHS, BUDGET, SUPERNET_EPOCHS = 6, 480, 18
CHECKPOINTS = (120, 240, 360, 480)
SEEDS = (0, 1, 2, 3, 4)
SPENT = {**OPTIONS, "evaluations": BUDGET // EPOCHS, "epochs": EPOCHS}
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


def spend(folder: Path, *, seed: int, way: str) -> None:
    """Run the search in ``folder``, or finish it."""
    if not is_finished(folder):
        search(folder, {**SPENT, "seed": seed, **WAYS[way]})


def is_finished(folder: Path) -> bool:
    """Whether all candidates of the run in ``folder`` have their results."""
    if not (folder / CONFIG_FILE).exists():
        return False
    with readable_run(folder) as (settings, journal):
        return len(journal.evaluations()) >= settings.search.evaluations


def reached(folder: Path, *, way: str) -> RunScores:
    """Read a finished run; the cost of a supernet is charged before the first candidate."""
    with readable_run(folder) as (_, journal):
        evaluations = journal.evaluations()
    before = WAYS[way].get("supernet_epochs", 0)
    counts = tuple((epochs - before) // EPOCHS for epochs in CHECKPOINTS)
    volumes = tuple(volume(evaluations[:count]) for count in counts)
    measures = {"at the end": volumes[-1], "mean of the trajectory": statistics.mean(volumes)}
    best = {o: max(e.values[o] for e in evaluations if e.contends) for o in OBJECTIVES}
    return RunScores(way, folder.name, counts, volumes, {**measures, **best})


def table(found: Comparison) -> list[str]:
    """One row per way."""
    head = " | ".join(f"{epochs} epochs" for epochs in CHECKPOINTS)
    lines = [
        f"| way | {head} | 95 % of the last mean | best acc | best robust |",
        "|---" * (len(CHECKPOINTS) + 4) + "|",
    ]
    ends = {row.group: row for row in found.summaries() if row.measure == "at the end"}
    for way, end in ends.items():
        trajectories = [run.trajectory for run in found.runs if run.label == way]
        cells = [
            *(spread(values, 4) for values in zip(*trajectories, strict=True)),
            f"{end.low:.4f} to {end.high:.4f}",
            *(spread(found.values(way, objective)) for objective in OBJECTIVES),
        ]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return lines


def tests(found: Comparison) -> list[str]:
    """One row per pair of ways: final hypervolume, and its mean over the checkpoints."""
    lines = [
        "| first | second | hypervolume | difference | A12 | p | p (Holm) |",
        "|---" * 7 + "|",
    ]
    return lines + [
        f"| {test.first} | {test.second} | {test.measure} | {test.difference:+.4f} | "
        f"{test.superiority:.2f} | {test.p:.3f} | {test.p_holm:.3f} |"
        for test in found.tests()
        if test.measure not in OBJECTIVES
    ]


def main() -> None:
    """Run the missing searches, print both tables, and write them into their section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder of the runs")
    parser.add_argument("--ways", default=",".join(WAYS), help="ways to run, comma-separated")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="comma-separated")
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    torch.set_num_threads(1)
    given.folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for way in given.ways.split(","):
            spend(place(given.folder, way, seed), seed=seed, way=way)
            print(f"{way}, seed {seed}: done", flush=True)
    runs = []
    for way in WAYS:
        places = [place(given.folder, way, seed) for seed in seeds]
        if all(map(is_finished, places)):
            runs += [reached(path, way=way) for path in places]
    found = Comparison("hypervolume", tuple(runs), None, {}, {})
    lines = [*table(found), "", *tests(found)]
    print("\n".join(lines))
    if len(found.labels) == len(WAYS):
        write_section("engines_on_digits_tables", "\n".join(lines))


def place(folder: Path, way: str, seed: int) -> Path:
    """The folder of one run."""
    return folder / f"{way.replace(' ', '')}-{seed}"


if __name__ == "__main__":
    main()
