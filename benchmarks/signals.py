"""Predictive value of cheap signals on NAS-Bench-201: each alone, and in the model of `evonas`.

    python -m benchmarks.signals nb201_cifar10.csv.gz --data-dir data --count 500

The first table has Kendall's tau of every signal with every column over random functions of the
table, and the CPU milliseconds of the signal; signals of networks that are trained are measured on
networks of one cell per stage. The second has tau between the model's medians and
the results of unseen functions, for several sets of signals and numbers of observed results.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from scipy.stats import kendalltau

from evonas.benchmarking.table import read_table
from evonas.benchmarking.table_problem import ArchitectureProblem
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.signals.counted_signals import COSTS, FREE
from evonas.evaluation.signals.genome_signals import GenomeSignals, num_images_needed
from evonas.evaluation.signals.short_training import SHORT_TRAINING
from evonas.evaluation.signals.supernet_signals import SUPERNET
from evonas.evaluation.signals.untrained.untrained_signals import UNTRAINED
from evonas.search.model_guided.genome_features import Features
from evonas.search.model_guided.surrogate import Surrogate
from evonas.search.signals import InformedProblem
from evonas.space import Genome, load

CHOSEN: dict[str, tuple[str, ...]] = {
    "none": (),
    "free": COSTS,
    "free, naswot": (*COSTS, "naswot"),
    "free, naswot, jacobian": (*COSTS, "naswot", "jacobian"),
    "all": (*COSTS, *UNTRAINED),
}


class Known:
    """Precomputed signals of some functions, with mean 0 and standard deviation 1.

    Other genomes have no signals, and the model does not use any for them.
    """

    def __init__(self, names: tuple[str, ...], found: dict[Genome, dict[str, float]]) -> None:
        self.names = names
        raw = np.array([[row[name] for name in names] for row in found.values()])
        raw = np.where(np.isfinite(raw), raw, np.nan).reshape(len(found), len(names))
        scaled = (raw - np.nanmean(raw, axis=0)) / np.nanstd(raw, axis=0)
        self._found = dict(zip(found, scaled.tolist(), strict=True))

    def of(self, genome: Genome, /) -> list[float]:
        """The signals of a genome; NaN for an unknown genome."""
        found: list[float] = self._found.get(genome, [float("nan")] * len(self.names))
        return found


def functions(
    table: Path, columns: list[str], problem: ArchitectureProblem
) -> dict[Genome, list[float]]:
    """One genome and its results for every function of the table."""
    by_key: dict[str, tuple[Genome, list[float]]] = {}
    for row in read_table(table, columns):
        genome = problem.canonical(problem.parse(row.arch))
        values = [row.values[name] for name in columns]
        known = [value for value in values if value is not None]
        if len(known) == len(columns):
            by_key.setdefault(problem.key(genome), (genome, known))
    return dict(by_key.values())


def tau(left: "np.typing.ArrayLike", right: "np.typing.ArrayLike") -> float:
    """Kendall's tau over the finite pairs."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    finite = np.isfinite(a) & np.isfinite(b)
    return float(kendalltau(a[finite], b[finite])[0])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--columns", default="c10_test_200,c10_pgd_e1")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--known", default="25,50")
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns = options.columns.split(",")
    space = load("nas-bench-201")
    problem = ArchitectureProblem(space)
    small = ArchitectureProblem(space.resized(channels=space.channels, cells=1))
    results = functions(options.table, columns, problem)
    chosen = random.Random(0).sample(list(results), min(options.count, len(results)))
    found: dict[Genome, dict[str, float]] = {genome: {} for genome in chosen}
    values = np.array([results[genome] for genome in chosen])
    print(f"{len(chosen)} functions, {options.dataset}\n")
    print(f"| signal | CPU ms | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}")
    for name in (FREE, *UNTRAINED, *SHORT_TRAINING, *SUPERNET):
        num_images = num_images_needed((name,))
        data = load_search_data(
            options.dataset, data_dir=options.data_dir, seed=0, num_images=num_images or None
        )
        sized = small if name in (*SHORT_TRAINING, *SUPERNET) else problem
        images = data.train if num_images else None
        signals = GenomeSignals(
            (name,), sized.space, traits=data.traits, images=images, whole=sized.whole
        )
        start = time.process_time()
        rows = [signals.of(genome) for genome in chosen]
        spent = 1000 * (time.process_time() - start) / len(chosen)
        for column, label in zip(zip(*rows, strict=True), signals.names, strict=True):
            cells = " | ".join(f"{tau(column, value):.2f}" for value in values.T)
            print(f"| `{label}` | {spent:.1f} | {cells} |", flush=True)
            for genome, number in zip(chosen, column, strict=True):
                found[genome][label] = number
    print(f"\n| signals | known | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}")
    for count in map(int, options.known.split(",")):
        plain: list[list[float]] = []
        for label, names in CHOSEN.items():
            features = Features(InformedProblem(problem, Known(names, found)))
            rows_of = features.rows(chosen)
            told = []
            for draw in range(options.draws):
                order = random.Random(draw).sample(range(len(chosen)), len(chosen))
                seen, unseen = order[:count], order[count:]
                model = Surrogate(features, num_objectives=len(columns))
                model.learn(rows_of[seen], -values[seen])
                medians = -model.medians(rows_of[unseen])
                told.append([tau(a, b) for a, b in zip(medians.T, values[unseen].T, strict=True)])
            plain = plain or told
            mean = np.mean(told, axis=0)
            gain = np.array(told) - np.array(plain)
            error = gain.std(axis=0, ddof=1) / len(gain) ** 0.5
            cells = " | ".join(
                f"{m:.3f}" + (f" ({g:+.3f} ± {e:.3f})" if names else "")
                for m, g, e in zip(mean, gain.mean(axis=0), error, strict=True)
            )
            print(f"| {label} | {count} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
