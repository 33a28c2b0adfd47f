"""Run engines on a noisy table: genomes may be trained again; the returned fronts are scored."""

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
    """Bench plan, noise and replicates.

    Attributes:
        plan: engines, seeds and checkpoints; a checkpoint is the number of trainings of a run.
        noise: noise of a training.
        replicates: number of trainings of every genome; ``None`` to let engines decide.
    """

    plan: BenchPlan
    noise: Noise
    replicates: int | None


def run_noisy_bench(
    benchmark: Benchmark, noisy: NoisyPlan, *, workers: int
) -> Iterator[list[NoisyScore]]:
    """Yield the scores of each engine and seed, in order of completion.

    Args:
        benchmark: the table.
        noisy: engines, seeds and noise.
        workers: number of processes; 1 for the current process.

    Raises:
        ConfigError: see :meth:`BenchPlan.check`.
        DataError: the table lacks an architecture that an engine asked for.
    """
    noisy.plan.check(benchmark)
    yield from run_each(partial(run_noisy_engine, benchmark, noisy), noisy.plan, workers=workers)


def run_noisy_engine(
    benchmark: Benchmark, noisy: NoisyPlan, *, algorithm: str, seed: int
) -> list[NoisyScore]:
    """Run one engine with one seed, separately for each checkpoint.

    An engine may plan for the end of its run, so the front that it would return in the middle of a
    longer run is not the same. Every training counts, including repeated ones of a genome.
    """
    plan = noisy.plan
    at_once = plan.at_once or (1 if SEARCHES[algorithm].is_sequential else plan.population)
    scores = []
    for count in plan.checkpoints:
        search = make_replicated_search(
            algorithm,
            benchmark.searched,
            population=plan.population,
            num_objectives=len(benchmark.goal.objectives),
            seed=seed,
            replicates=noisy.replicates,
        )
        while (remaining := count - search.num_asked) > 0:
            trials = search.ask(min(at_once, remaining), remaining=remaining)
            if not trials:
                break
            search.tell(trials, [noisy.noise.told(benchmark, t, seed=seed) for t in trials])
        estimates = search.estimates(search.results)
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
