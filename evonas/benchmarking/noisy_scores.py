"""What a search with noise returned: its true worth, and how much better it said it was."""

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
    """One engine, one seed, one checkpoint.

    Worth is the share of the true front's hypervolume; with a single objective, the reported value
    of the best genome.

    Attributes:
        algorithm: name of the engine.
        seed: it was run with.
        evaluations: trainings, those of one genome all counted.
        returned: true worth of the front that the search returned; ``None`` when there is none.
        archive: true worth of all that was trained.
        claimed: worth of the returned front by the search's own values.
        optimism: by column, how much better than the truth these values are in the mean over the
            returned front; positive where the claim is too good. In the units of the column.
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
    """Hold what a search returned against the truth.

    Args:
        benchmark: which knows the truth.
        front: what the search returned, with what it says of it.
        trained: all genomes that were trained.
        algorithm: name of the engine.
        seed: it was run with.
        evaluations: trainings so far.
    """
    told = [(each.genome, each.mean) for each in front if each.mean is not None]
    truths = [benchmark.vector(genome) for genome, _ in told]
    pairs = [(v, t) for (_, v), t in zip(told, truths, strict=True) if t is not None]
    columns = benchmark.goal.objectives
    optimism = {
        # both are to be minimised
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
        # the search's own choice, not the one that is truly the best of several
        genomes = [min(told, key=lambda pair: pair[1])[0]] if told else []
    return benchmark.score(genomes)


def write_noisy_scores(records: Iterable[NoisyScore], path: Path) -> None:
    """A JSON list of objects with the attributes of :class:`NoisyScore`."""
    write_rows([json.dumps(vars(record)) for record in records], path)
