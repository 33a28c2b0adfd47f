"""Run engines on a table with noise: they may train again, and are scored by what they return."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from evonas.benchmarking.bench import BenchPlan, run_each
from evonas.benchmarking.benchmark import Benchmark
from evonas.benchmarking.noise import Noise
from evonas.benchmarking.noisy_scores import NoisyScore, score_front
from evonas.search.engines import SEARCHES
from evonas.search.replicates.estimate import returned_front
from evonas.search.replicates.replicated_engines import make_replicated_search


@dataclass(frozen=True)
class NoisyPlan:
    """What is to be run.

    Attributes:
        plan: engines, seeds and checkpoints, which here count trainings.
        noise: of a training.
        replicates: trainings of every genome; ``None`` where engines are to decide.
    """

    plan: BenchPlan
    noise: Noise
    replicates: int | None


def run_noisy_bench(
    benchmark: Benchmark, noisy: NoisyPlan, *, workers: int
) -> Iterator[list[NoisyScore]]:
    """The records of one engine with one seed at a time, as they become ready.

    Args:
        benchmark: the table.
        noisy: engines, seeds and noise.
        workers: processes; 1 for this one.

    Raises:
        ConfigError: see :meth:`BenchPlan.check`.
        DataError: the table lacks an architecture that an engine asked for.
    """
    noisy.plan.check(benchmark)
    yield from run_each(partial(run_noisy_engine, benchmark, noisy), noisy.plan, workers=workers)


def run_noisy_engine(
    benchmark: Benchmark, noisy: NoisyPlan, *, algorithm: str, seed: int
) -> list[NoisyScore]:
    """One engine with one seed, from its first training to the last checkpoint.

    Every training counts, the second of a genome like the first.
    """
    plan = noisy.plan
    search = make_replicated_search(
        algorithm,
        benchmark.problem,
        population=plan.population,
        num_objectives=len(benchmark.goal.objectives),
        seed=seed,
        replicates=noisy.replicates,
    )
    at_once = plan.at_once or (1 if SEARCHES[algorithm].is_sequential else plan.population)
    last = plan.checkpoints[-1]
    while search.num_asked < last:
        trials = search.ask(min(at_once, last - search.num_asked))
        if not trials:
            break
        search.tell(trials, [noisy.noise.told(benchmark, t, seed=seed) for t in trials])
    results = search.results
    scores = []
    for count in plan.checkpoints:
        estimates = search.estimates(results[:count])
        scores.append(
            score_front(
                benchmark,
                returned_front(estimates),
                [estimate.genome for estimate in estimates],
                algorithm=algorithm,
                seed=seed,
                evaluations=count,
            )
        )
    return scores
