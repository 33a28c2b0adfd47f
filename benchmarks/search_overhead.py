"""Overhead of each engine per candidate, on the real NAS-Bench-201 space with rules per layer.

    python -m benchmarks.search_overhead --evaluations 1000

CPU time of ``ask`` and ``tell`` together, in this process and one thread: canonical forms, keys,
selection, variation. The results passed to ``tell`` are derived from the genome's text, with one
failure in twenty; the time for this is not counted. Each engine runs as in ``evonas bench`` (a
generation at a time, or one genome if it learns from every single result), and one by one.
"""

import argparse
import random
import time
from importlib.util import find_spec
from statistics import mean, stdev

from evonas.search.engines import SEARCHES, make_search
from evonas.search.pareto import Vector
from evonas.space import Genome, Space, load

POPULATION = 20


def made_up(genome: Genome, *, num_objectives: int) -> Vector | None:
    """A noisy linear function of the genes."""
    rng = random.Random(str(genome.values))
    if rng.random() < 0.05:
        return None
    slope = sum(genome.values) / len(genome.values)
    return tuple(slope * (-1) ** i + rng.random() for i in range(num_objectives))


def milliseconds(
    name: str, space: Space, *, num_objectives: int, count: int, at_once: int, seed: int
) -> float:
    """CPU milliseconds per candidate, over ``count`` candidates."""
    start = time.process_time()
    search = make_search(
        name, space, population=POPULATION, num_objectives=num_objectives, seed=seed
    )
    spent = time.process_time() - start
    while search.num_asked < count:
        start = time.process_time()
        genomes = search.ask(min(at_once, count - search.num_asked))
        spent += time.process_time() - start
        vectors = [made_up(genome, num_objectives=num_objectives) for genome in genomes]
        start = time.process_time()
        search.tell(genomes, vectors)
        spent += time.process_time() - start
    return 1000 * spent / count


def main() -> None:
    """Print one row per engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluations", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--algorithms", default=",".join(SEARCHES))
    options = parser.parse_args()
    space = load("nas-bench-201")
    space.key(space.sample(random.Random(0)))  # exclude what the space computes only once
    print(f"{len(space.genes)} genes, {options.evaluations} evaluations, {options.seeds} seeds\n")
    print("| engine | objectives | as it is run | ms a candidate | one by one, ms |")
    print("|---|---|---|---|---|")
    for name in options.algorithms.split(","):
        search = SEARCHES[name]
        if search.package is not None and find_spec(search.package) is None:
            continue
        objectives = min(2, search.max_objectives or 2)
        own = 1 if search.is_sequential else POPULATION
        cells = []
        for at_once in dict.fromkeys((own, 1)):
            times = [
                milliseconds(
                    name,
                    space,
                    num_objectives=objectives,
                    count=options.evaluations,
                    at_once=at_once,
                    seed=seed,
                )
                for seed in range(options.seeds)
            ]
            spread = stdev(times) if len(times) > 1 else 0.0
            cells.append(f"{mean(times):.2f} ± {spread:.2f}")
        how = "one by one" if search.is_sequential else f"generations of {POPULATION}"
        print(f"| `{name}` | {objectives} | {how} | {cells[0]} | {cells[-1]} |", flush=True)


if __name__ == "__main__":
    main()
