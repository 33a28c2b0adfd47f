"""Estimate of a genome's objectives after one or several trainings."""

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.search.pareto import Vector, non_dominated
from evonas.space import Genome


@dataclass(frozen=True)
class Estimate:
    """Estimate for one genome.

    Attributes:
        genome: in canonical form.
        mean: posterior mean of each objective, to be minimised; ``None`` if the genome failed or
            is outside the constraints.
        standard_error: posterior standard deviation of the mean, for each objective.
        replicates: number of trainings that gave values, whether feasible or not.
        collapsed: number of trainings that failed or collapsed; no mean includes them.
        violation: constraint violation of the genome: 0 inside, infinite for a failure.
        is_settled: whether it was trained often enough to be returned.
    """

    genome: Genome
    mean: Vector | None
    standard_error: Vector | None
    replicates: int
    collapsed: int
    violation: float
    is_settled: bool


def returned_front(estimates: Sequence[Estimate], *, settled: bool = True) -> list[Estimate]:
    """Return the front by the means, among genomes that were trained often enough.

    Args:
        estimates: estimates of all genomes.
        settled: False for the front of all genomes, however often they were trained. This is also
            the result if none was trained often enough.
    """
    means = [each.mean if each.is_settled or not settled else None for each in estimates]
    if all(mean is None for mean in means):
        means = [estimate.mean for estimate in estimates]
    kept = non_dominated(means)
    return [estimate for estimate, is_kept in zip(estimates, kept, strict=True) if is_kept]
