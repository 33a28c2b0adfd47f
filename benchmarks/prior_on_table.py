"""Gain of a search from the results of an earlier search, on a table of NAS-Bench-201.

    python -m benchmarks.prior_on_table nb201_cifar10.csv.gz --seeds 30 --algorithms evonas,nsga2

The earlier search has 100 evaluations and optimises other columns: accuracy after 12 epochs, and
accuracy under another attack with another radius. Its results are the prior of a search for
accuracy after 200 epochs and under PGD, passed as by ``--prior``. It is compared with no prior,
and with a misleading prior, in which the same results are assigned to wrong genomes. Each seed has
its own earlier search.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.support.means import mean_with_error
from benchmarks.support.sections import RESULTS, write_section
from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.benchmarking.table import read_table
from evonas.search.engines import make_search
from evonas.search.problem import SearchProblem
from evonas.search.ranking import by_rank_and_crowding
from evonas.search.signals import InformedProblem
from evonas.space import Genome, load

EARLIER, WANTED = ("c10_valid_12", "c10_fgsm_e2"), ("c10_test_200", "c10_pgd_e1")
NUM_EARLIER, POPULATION = 100, 20
CHECKPOINTS = (20, 50, 100, 200, 400)
KINDS = ("no prior", "prior", "misleading prior")


def searched(
    problem: SearchProblem, benchmark: Benchmark, *, algorithm: str, seed: int, count: int
) -> list[Genome]:
    """The genomes that an engine proposes, in order."""
    engine = make_search(
        algorithm, problem, population=POPULATION, num_objectives=len(WANTED), seed=seed
    )
    found: list[Genome] = []
    while len(found) < count:
        genomes = engine.ask(min(POPULATION, count - len(found)))
        engine.tell(genomes, [benchmark.vector(genome) for genome in genomes])
        found += genomes
    return found


def founders(benchmark: Benchmark, *, seed: int, is_misleading: bool) -> tuple[Genome, ...]:
    """The founders that an earlier search with this seed would pass on."""
    genomes = searched(
        benchmark.problem, benchmark, algorithm="evonas", seed=seed, count=NUM_EARLIER
    )
    known = [(one, vector) for one in genomes if (vector := benchmark.vector(one)) is not None]
    vectors = [vector for _, vector in known]
    if is_misleading:
        random.Random(seed).shuffle(vectors)
    return tuple(known[place][0] for place in by_rank_and_crowding(vectors)[:POPULATION])


def shares(
    earlier: Benchmark, wanted: Benchmark, kind: str, *, algorithm: str, seed: int
) -> list[float]:
    """Share of the true front's hypervolume at every checkpoint."""
    problem: SearchProblem = wanted.problem
    if kind != KINDS[0]:
        first = founders(earlier, seed=1000 + seed, is_misleading=kind == KINDS[2])
        problem = InformedProblem(problem, founders=first)
    found = searched(problem, wanted, algorithm=algorithm, seed=seed, count=CHECKPOINTS[-1])
    return [wanted.score(found[:count]) or 0.0 for count in CHECKPOINTS]


def rows(algorithm: str, found: dict[str, list[list[float]]]) -> Iterator[str]:
    """Rows of the table: each kind of prior, and its paired gain over no prior."""
    plain = list(zip(*found[KINDS[0]], strict=True))
    for kind, each in found.items():
        columns = list(zip(*each, strict=True))
        means = [mean_with_error(column, digits=3) for column in columns]
        yield f"| `{algorithm}` | {kind} | {' | '.join(means)} |"
        if kind != KINDS[0]:
            gains = [
                mean_with_error(
                    [a - b for a, b in zip(mine, base, strict=True)], digits=3, sign="+"
                )
                for mine, base in zip(columns, plain, strict=True)
            ]
            yield f"|  | gain | {' | '.join(gains)} |"


def main() -> None:
    """Search with every seed, and write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--algorithms", default="evonas,nsga2")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    space = load("nas-bench-201")
    earlier, wanted = (
        Benchmark(space, read_table(given.table, columns), goal=Goal(columns, ()), name="table")
        for columns in (EARLIER, WANTED)
    )
    lines = [
        "## A prior from an earlier search",
        "",
        "`python -m benchmarks.prior_on_table nb201_cifar10.csv.gz "
        f"--seeds {given.seeds} --algorithms {given.algorithms}`:",
        f"share of the true front's hypervolume ({', '.join(WANTED)}), mean and standard error",
        f"over {given.seeds} seeds. The prior is an earlier search of {NUM_EARLIER} evaluations",
        f"for {', '.join(EARLIER)}; the misleading one has these results at the wrong genomes.",
        "",
        f"| engine |  | {' | '.join(f'{count} evaluations' for count in CHECKPOINTS)} |",
        f"|---|---|{'---|' * len(CHECKPOINTS)}",
    ]
    for algorithm in given.algorithms.split(","):
        found = {
            kind: [
                shares(earlier, wanted, kind, algorithm=algorithm, seed=seed)
                for seed in range(given.seeds)
            ]
            for kind in KINDS
        }
        lines += rows(algorithm, found)
        print("\n".join(lines), flush=True)
    write_section("prior_on_table", "\n".join(lines), path=given.results)


if __name__ == "__main__":
    main()
