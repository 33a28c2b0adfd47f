"""Scores of searches with noise: true worth of the returned front, and optimism of its values."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from evonas.benchmarking.benchmark import Benchmark
from evonas.benchmarking.scores import write_rows
from evonas.search.replicates.estimate import Estimate
from evonas.space import Genome


@dataclass(frozen=True)
class NoisyScore:
    """Score of one engine, one seed, one checkpoint.

    Worth is the share of the true front's hypervolume or, with a single objective, the reported
    value of the best genome.

    Attributes:
        algorithm: name of the engine.
        seed: seed of the run.
        evaluations: number of trainings, including repeated ones.
        returned: true worth of the front that the search returned; ``None`` if there is none.
        archive: true worth of everything that was trained.
        claimed: worth of the returned front by the search's own values.
        optimism: mean difference, by column, by which these values are better than the true ones
            over the returned front; positive if they are too good. In the units of the column.
    """

    algorithm: str
    seed: int
    evaluations: int
    returned: float | None
    archive: float | None
    claimed: float | None
    optimism: dict[str, float]


def score_front(
    benchmark: Benchmark,
    front: Sequence[Estimate],
    trained: Sequence[Genome],
    *,
    algorithm: str,
    seed: int,
    evaluations: int,
) -> NoisyScore:
    """Compare the front that a search returned with the true values.

    Args:
        benchmark: table of the true values.
        front: estimates of the returned front.
        trained: all genomes that were trained.
        algorithm: name of the engine.
        seed: seed of the run.
        evaluations: number of trainings so far.
    """
    told = [(each.genome, each.mean) for each in front if each.mean is not None]
    truths = [benchmark.vector(genome) for genome, _ in told]
    pairs = [(v, t) for (_, v), t in zip(told, truths, strict=True) if t is not None]
    columns = benchmark.goal.objectives
    optimism = {
        # both vectors are to be minimised
        name: mean(true[place] - claimed[place] for claimed, true in pairs)
        for place, name in enumerate(columns)
        if pairs
    }
    return NoisyScore(
        algorithm=algorithm,
        seed=seed,
        evaluations=evaluations,
        returned=_of_best(benchmark, told),
        archive=benchmark.score(trained),
        claimed=benchmark.claimed([vector for _, vector in told]),
        optimism=optimism,
    )


def _of_best(
    benchmark: Benchmark, told: Sequence[tuple[Genome, tuple[float, ...]]]
) -> float | None:
    genomes = [genome for genome, _ in told]
    if benchmark.goal.measure == "value":
        # the genome that the search prefers, not the one that is truly best
        genomes = [min(told, key=lambda pair: pair[1])[0]] if told else []
    return benchmark.score(genomes)


def write_noisy_scores(records: Iterable[NoisyScore], path: Path) -> None:
    """Write a JSON list of objects with the attributes of :class:`NoisyScore`."""
    write_rows([json.dumps(vars(record)) for record in records], path)
