"""Candidates per minute on digits: two workers of evonas compared with a naive loop.

    python -m benchmarks.cpu_evaluator [--rounds 5] [--candidates 6] [--no-write]

A candidate is a random NAS-Bench-201 architecture at the size that `evonas run` gives it on
digits, with a rule drawn for every layer from those that biotorch has, trained by the same recipe
and judged by its accuracy. The naive loop is `naive.py`: one process, a DataLoader, eager biotorch
layers. All ways evaluate the same candidates in turn, in an order that is redrawn each round.
Before the clock starts, the workers are running and every way has evaluated two candidates; the
start-up time of the workers is reported separately.
"""

import argparse
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.support.naive import PEERS, accuracy_naively, naive_network, train_naively
from benchmarks.support.sections import write_section
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.training.recipe import Recipe
from evonas.seeds import derive_seed
from evonas.settings.reading import read_settings
from evonas.space import Genome, Space, load
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.pool import JoblibExecutor
from evonas.study.resolve import resolve

WORKERS = 2
DATA = load_search_data("digits", seed=0)
TRAITS = DATA.traits

Way = Callable[[Sequence[Genome]], None]


def the_space() -> Space:
    """NAS-Bench-201 as `evonas run --dataset digits` shapes it, with biotorch's rules."""
    space = load("nas-bench-201")
    return space.resized(
        channels=TRAITS.channels or space.channels, cells=TRAITS.cells or space.cells
    ).with_rules(PEERS)


def naively(space: Space, recipe: Recipe, *, threads: int) -> Way:
    """Evaluate candidates one after another in this process with the naive loop."""

    def evaluate(genomes: Sequence[Genome]) -> None:
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        for genome in genomes:
            seed = derive_seed(0, space.key(genome))
            network = naive_network(
                space, genome, input_shape=TRAITS.shape, num_classes=TRAITS.num_classes,
                seed=seed, mean=TRAITS.mean, deviation=TRAITS.std,
            )  # fmt: skip
            train_naively(network, DATA.train, recipe=recipe, seed=seed)
            accuracy_naively(network, DATA.validation)
        torch.set_num_threads(before)

    return evaluate


def ours(space: Space, recipe: Recipe, *, workers: int) -> Way:
    """Evaluate candidates with an executor of evonas."""
    executor = InlineExecutor() if workers == 1 else JoblibExecutor(workers)
    given = {
        "space": "nas-bench-201", "objectives": "acc", "rules": PEERS, "device": "cpu",
        "epochs": recipe.epochs, "batch": recipe.batch, "gate": "off",
    }  # fmt: skip
    protocol = Protocol.of(resolve(read_settings(given)))

    def evaluate(genomes: Sequence[Genome]) -> None:
        for record, _ in executor.run(space, genomes, protocol=protocol):
            assert record.failure is None, record.failure

    return evaluate


def measure(
    ways: dict[str, Way], space: Space, *, rounds: int, candidates: int
) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds per candidate, by way and round; CPU time is of all processes."""
    rng = random.Random(0)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    order = list(ways)
    for _ in range(rounds):
        genomes = [space.canonical(space.sample(rng)) for _ in range(candidates)]
        rng.shuffle(order)
        for name in order:
            wall, cpu = time.perf_counter(), cpu_seconds()
            ways[name](genomes)
            spent = time.perf_counter() - wall, cpu_seconds() - cpu
            found[name].append((spent[0] / candidates, spent[1] / candidates))
    return found


def cpu_seconds() -> float:
    """CPU seconds of this process and all its descendants, as counted by Linux."""
    found, pending = 0.0, [os.getpid()]
    while pending:
        process = Path("/proc") / str(pending.pop())
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            for task in (process / "task").iterdir():
                pending += [int(pid) for pid in (task / "children").read_text().split()]
        except OSError:  # the process has ended
            continue
        found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def spread(values: Sequence[float], digits: int) -> str:
    """Median, minimum and maximum, as text."""
    return (
        f"{statistics.median(values):.{digits}f} "
        f"({min(values):.{digits}f} to {max(values):.{digits}f})"
    )


def table(found: dict[str, list[tuple[float, float]]], base: str) -> str:
    """One row per way; ratios compare results of the same round."""
    lines = [
        "| way | candidates a minute | times the naive loop | CPU s a candidate "
        "| times the naive loop, a core for each process |",
        "|---|---|---|---|---|",
    ]
    for name, pairs in found.items():
        both = list(zip(pairs, found[base], strict=True))
        cores = WORKERS if "workers" in name else 1
        cells = (
            name,
            spread([60 / wall for wall, _ in pairs], 1),
            spread([other[0] / mine[0] for mine, other in both], 2),
            spread([cpu for _, cpu in pairs], 2),
            spread([cores * other[1] / mine[1] for mine, other in both], 2),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args()
    space = the_space()
    recipe = Recipe(epochs=TRAITS.epochs, batch=TRAITS.batch)
    threads = torch.get_num_threads()
    base = f"naive loop, {threads} threads" if threads > 1 else "naive loop, 1 thread"
    ways = {
        base: naively(space, recipe, threads=threads),
        "naive loop, 1 thread": naively(space, recipe, threads=1),
        "evonas, this process": ours(space, recipe, workers=1),
        f"evonas, {WORKERS} workers": ours(space, recipe, workers=WORKERS),
    }
    first = [space.canonical(space.sample(random.Random(seed))) for seed in range(WORKERS)]
    starts = {}
    for name, way in ways.items():
        begin = time.perf_counter()
        way(first)
        starts[name] = time.perf_counter() - begin
    found = measure(ways, space, rounds=options.rounds, candidates=options.candidates)
    text = (
        "## Candidates a minute on a CPU\n\n"
        f"`python -m benchmarks.cpu_evaluator --rounds {options.rounds} --candidates "
        f"{options.candidates}`, torch {torch.__version__}, Python {platform.python_version()}. "
        f"Random NAS-Bench-201 candidates on digits ({TRAITS.epochs} epochs, batch "
        f"{TRAITS.batch}, {TRAITS.channels} channels, {TRAITS.cells} cell a stage, a rule of "
        f"{', '.join(PEERS)} drawn for every layer), objective `acc`; {options.rounds} rounds of "
        f"{options.candidates}, the same for every way; median, lowest and highest round. "
        f"Starting the {WORKERS} workers and their first {WORKERS} candidates took "
        f"{starts[f'evonas, {WORKERS} workers']:.1f} s, once per run, not counted. Ratios are of "
        f"the same round; the last column is of CPU time, times {WORKERS} for {WORKERS} workers, "
        "and depends less on other load.\n\n" + table(found, base)
    )
    print(text)
    if not options.no_write:
        write_section("cpu_evaluator", text)


if __name__ == "__main__":
    main()
