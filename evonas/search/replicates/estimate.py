"""What is known of a genome after one or several trainings."""

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.search.pareto import Vector, non_dominated
from evonas.space import Genome


@dataclass(frozen=True)
class Estimate:
    """Of one genome.

    Attributes:
        genome: in canonical form.
        mean: mean of each objective, to be minimised: the posterior mean. ``None`` when it failed
            or is outside the constraints.
        standard_error: standard error of each objective: the posterior standard deviation of the
            mean.
        replicates: trainings that gave values, whether inside the constraints or outside.
        collapsed: trainings that failed or collapsed; these are in no mean.
        violation: how far outside the constraints the genome is; 0 inside, infinite for a failure.
        is_settled: whether it was trained often enough to be returned.
    """

    genome: Genome
    mean: Vector | None
    standard_error: Vector | None
    replicates: int
    collapsed: int
    violation: float
    is_settled: bool = True


def returned_front(estimates: Sequence[Estimate], *, settled: bool = True) -> list[Estimate]:
    """The front by the means, of those that were trained often enough.

    Args:
        estimates: estimates of all genomes.
        settled: False for the front of all, however often they were trained. It is that where none
            was trained often enough.
    """
    means = [each.mean if each.is_settled or not settled else None for each in estimates]
    if all(mean is None for mean in means):
        means = [estimate.mean for estimate in estimates]
    kept = non_dominated(means)
    return [estimate for estimate, is_kept in zip(estimates, kept, strict=True) if is_kept]
