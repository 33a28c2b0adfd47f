"""Run engines on a table: many seeds, scored where the evaluations pass a checkpoint."""

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
    """What is to be run.

    Args:
        algorithms: names of engines.
        seeds: each engine is run once with each of them. Engines of one seed draw the same random
            first generation, as far as they draw one.
        checkpoints: evaluations after which a score is taken, in ascending order.
        population: population of every engine.
        at_once: how many genomes are asked for at once; None for what the engine is made for: one
            if it learns from every single result, else a generation.

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
                f"checkpoints: expected increasing numbers of at least 1, got {self.checkpoints}"
            )
        if self.population < 2:
            raise ConfigError(f"population: expected at least 2, got {self.population}")
        if self.at_once is not None and self.at_once < 1:
            raise ConfigError(f"at-once: expected at least 1, got {self.at_once}")

    def check(self, benchmark: Benchmark) -> None:
        """Refuse engines that cannot optimise this benchmark, or cannot run here.

        Raises:
            ConfigError: one cannot.
        """
        for name in self.algorithms:
            check_search(name, len(benchmark.goal.objectives))


def run_bench(
    benchmark: Benchmark, plan: BenchPlan, *, workers: int
) -> Iterator[list[BenchScore]]:
    """The records of one engine with one seed at a time, as they become ready.

    Args:
        benchmark: the table.
        plan: engines and seeds.
        workers: processes; 1 for this one.

    Raises:
        ConfigError: see :meth:`BenchPlan.check`.
        DataError: the table lacks an architecture that an engine asked for.
    """
    plan.check(benchmark)
    yield from run_each(partial(run_engine, benchmark, plan), plan, workers=workers)


def run_each(
    run: Callable[..., list[Result]], plan: BenchPlan, *, workers: int
) -> Iterator[list[Result]]:
    """What ``run(algorithm=, seed=)`` gives for every engine and seed, as they become ready.

    Args:
        run: one engine with one seed.
        plan: engines and seeds.
        workers: processes; 1 for this one.
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
    """One engine with one seed, from its first genome to the last checkpoint.

    Only genomes with a function that was not evaluated before count; an engine asks for no others.
    Where the space is exhausted before a checkpoint, its score is the last one.
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
