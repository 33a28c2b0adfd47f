"""Run engines on a table: many seeds, scored at checkpoints of the number of evaluations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from joblib import Parallel, delayed

from evonas.benchmarking.benchmark import Benchmark
from evonas.benchmarking.scores import BenchScore
from evonas.errors import ConfigError
from evonas.registry import look_up
from evonas.search.engines import SEARCHES, check_search, make_search
from evonas.search.guided_engines import refuse_guided
from evonas.space import Genome

Result = TypeVar("Result")


@dataclass(frozen=True)
class BenchPlan:
    """Engines, seeds and checkpoints of a bench.

    Args:
        algorithms: names of engines.
        seeds: each engine runs once with each seed. Engines with the same seed share the random
            first generation, if they draw one.
        checkpoints: numbers of evaluations after which to score, in ascending order.
        population: population size of every engine.
        at_once: number of genomes per ask; None for the engine's natural number: one if it learns
            from every single result, else a generation.

    Raises:
        ConfigError: a number is out of range, or a list is empty.
        UnknownNameError: an engine is unknown.
    """

    algorithms: tuple[str, ...]
    seeds: tuple[int, ...]
    checkpoints: tuple[int, ...]
    population: int = 20
    at_once: int | None = None

    def __post_init__(self) -> None:
        for name in ("algorithms", "seeds", "checkpoints"):
            if not getattr(self, name):
                raise ConfigError(f"{name}: expected at least one, got none")
        for name in self.algorithms:
            refuse_guided(name)
            look_up(SEARCHES, name, kind="algorithm")
            if self.algorithms.count(name) > 1:
                raise ConfigError(f"algorithms: '{name}' is named twice")
        if self.checkpoints[0] < 1 or list(self.checkpoints) != sorted(set(self.checkpoints)):
            raise ConfigError(
                f"checkpoints: expected increasing numbers from 1, got {self.checkpoints}"
            )
        if self.population < 2:
            raise ConfigError(f"population: expected at least 2, got {self.population}")
        if self.at_once is not None and self.at_once < 1:
            raise ConfigError(f"at-once: expected at least 1, got {self.at_once}")

    def check(self, benchmark: Benchmark) -> None:
        """Reject engines that cannot optimise this benchmark, or cannot run here.

        Raises:
            ConfigError: an engine cannot optimise it, or cannot run here.
        """
        for name in self.algorithms:
            check_search(name, len(benchmark.goal.objectives))


def run_bench(
    benchmark: Benchmark, plan: BenchPlan, *, workers: int
) -> Iterator[list[BenchScore]]:
    """Yield the scores of each engine and seed, in order of completion.

    Args:
        benchmark: the table.
        plan: engines and seeds.
        workers: number of processes; 1 for the current process.

    Raises:
        ConfigError: see :meth:`BenchPlan.check`.
        DataError: the table lacks an architecture that an engine asked for.
    """
    plan.check(benchmark)
    yield from run_each(partial(run_engine, benchmark, plan), plan, workers=workers)


def run_each(
    run: Callable[..., list[Result]], plan: BenchPlan, *, workers: int
) -> Iterator[list[Result]]:
    """Yield the results of ``run(algorithm=, seed=)`` for every engine and seed, when ready.

    Args:
        run: function that runs one engine with one seed.
        plan: engines and seeds.
        workers: number of processes; 1 for the current process.
    """
    jobs = [(name, seed) for name in plan.algorithms for seed in plan.seeds]
    if workers == 1:
        yield from (run(algorithm=name, seed=seed) for name, seed in jobs)
        return
    yield from Parallel(n_jobs=workers, batch_size=1, return_as="generator_unordered")(
        delayed(run)(algorithm=name, seed=seed) for name, seed in jobs
    )


def run_engine(
    benchmark: Benchmark, plan: BenchPlan, *, algorithm: str, seed: int
) -> list[BenchScore]:
    """Run one engine with one seed, from its first genome to the last checkpoint.

    Every genome counts: an engine only asks for functions that were not evaluated before. If the
    space is exhausted before a checkpoint, the final score is repeated there.
    """
    search = make_search(
        algorithm,
        benchmark.searched,
        population=plan.population,
        num_objectives=len(benchmark.goal.objectives),
        seed=seed,
    )
    at_once = plan.at_once or (1 if search.is_sequential else plan.population)
    found: list[Genome] = []
    last = plan.checkpoints[-1]
    while len(found) < last:
        genomes = search.ask(min(at_once, last - len(found)))
        if not genomes:
            break
        search.tell(genomes, [benchmark.vector(genome) for genome in genomes])
        found += genomes
    measure = benchmark.goal.measure
    return [
        BenchScore(algorithm, seed, count, measure, benchmark.score(found[:count]))
        for count in plan.checkpoints
    ]
