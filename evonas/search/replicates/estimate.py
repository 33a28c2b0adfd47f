"""The estimate of a genome after one or several trainings."""

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.search.pareto import Vector, non_dominated
from evonas.space import Genome


@dataclass(frozen=True)
class Estimate:
    """The estimate of one genome.

    Attributes:
        genome: in canonical form.
        mean: mean of each objective, to be minimised: the posterior mean. ``None`` if it failed or
            is infeasible.
        standard_error: standard error of each objective: the posterior standard deviation of the
            mean.
        replicates: number of trainings with values, feasible or not.
        collapsed: number of trainings that failed or collapsed, which are in no mean.
        violation: constraint violation; 0 if feasible, infinite for a failure.
        is_settled: whether it has enough replicates to be returned.
    """

    genome: Genome
    mean: Vector | None
    standard_error: Vector | None
    replicates: int
    collapsed: int
    violation: float
    is_settled: bool = True


def returned_front(estimates: Sequence[Estimate], *, settled: bool = True) -> list[Estimate]:
    """The front by means, among genomes with enough replicates.

    Args:
        estimates: estimates of all genomes.
        settled: False for the front of all genomes, which is also returned if none has enough
            replicates.
    """
    means = [each.mean if each.is_settled or not settled else None for each in estimates]
    if all(mean is None for mean in means):
        means = [estimate.mean for estimate in estimates]
    kept = non_dominated(means)
    return [estimate for estimate, is_kept in zip(estimates, kept, strict=True) if is_kept]
