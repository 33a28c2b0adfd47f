"""The trainings of one genome, combined: mean and scatter, with failures counted separately."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from evonas.search.pareto import Vector
from evonas.search.replicates.collapse import collapsed
from evonas.search.replicates.trial import TrialResult
from evonas.space import Genome


@dataclass(frozen=True)
class Sample:
    """Combined trainings of one genome.

    A genome is within the constraints if at least half of its trainings that did not fail are, and
    has failed if at least half of all trainings have. Trainings that are not whole count only if
    the genome has no whole one.

    The means include trainings outside the constraints: without them, a genome near a bound would
    look better than it is.

    Attributes:
        genome: in canonical form.
        vectors: objectives of the trainings that were measured in full, in the order of
            replicates.
        violations: violations of the trainings that did not fail.
        collapsed: number of trainings that failed, or collapsed (see
            :mod:`evonas.search.replicates.collapse`).
        is_whole: whether the genome has a whole training.
    """

    genome: Genome
    vectors: tuple[Vector, ...]
    violations: tuple[float, ...]
    collapsed: int
    is_whole: bool = True

    @property
    def replicates(self) -> int:
        """Number of trainings that did not fail."""
        return len(self.violations)

    @cached_property
    def violation(self) -> float:
        """Violation: 0 within the constraints, infinite for a failed genome, else the median."""
        if self.collapsed >= max(1, self.replicates):
            return math.inf
        outside = [violation for violation in self.violations if violation > 0.0]
        return 0.0 if 2 * len(outside) <= self.replicates else median(outside)

    @cached_property
    def mean(self) -> Vector | None:
        """Mean of each objective; ``None`` if the genome failed or violates the constraints."""
        if self.violation > 0.0:
            return None
        if len(self.vectors) == 1:
            return self.vectors[0]
        return tuple(math.fsum(column) / len(column) for column in zip(*self.vectors, strict=True))

    @cached_property
    def scatter(self) -> Vector:
        """Sum of squared distances of the trainings from their mean, for each objective."""
        columns = zip(*self.vectors, strict=True)
        return tuple(_scatter(column) for column in columns)


def samples_of(results: Sequence[TrialResult]) -> list[Sample]:
    """Return one sample per genome, in the order of first appearance.

    The trainings of a genome are sorted by replicate, in whatever order they were told.
    """
    grouped: dict[Genome, list[TrialResult]] = {}
    for result in results:
        grouped.setdefault(result.trial.genome, []).append(result)
    return [_sample(genome, told) for genome, told in grouped.items()]


def _sample(genome: Genome, told: list[TrialResult]) -> Sample:
    whole = [result for result in told if result.is_whole]
    used = sorted(whole or told, key=lambda result: result.trial.replicate)
    lost = collapsed([result.learned for result in used])
    healthy = [result for result, is_lost in zip(used, lost, strict=True) if not is_lost]
    violations = [result.violation for result in healthy if math.isfinite(result.violation)]
    vectors = [result.vector for result in healthy if result.vector is not None]
    return Sample(
        genome=genome,
        vectors=tuple(vectors),
        violations=tuple(violations),
        collapsed=len(used) - len(violations),
        is_whole=bool(whole),
    )


def _scatter(values: tuple[float, ...]) -> float:
    center = math.fsum(values) / len(values)
    return math.fsum((value - center) ** 2 for value in values)
