"""Noise of one training: the variance of replicates about the mean of their genome.

It is pooled over genomes. Each genome also has its own variance, shrunk towards the pooled one:
the fewer its trainings, the more (Smyth 2004, section 6, after Lönnstedt and Speed 2002: a normal
with an inverse gamma prior on its variance, the prior fitted by the moments of the logarithms).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from evonas.search.replicates.sample import Sample

Array = NDArray[np.float64]

MAX_PRIOR_FREEDOM = 1e6
"""Degrees of freedom of a prior that gives all genomes the same variance."""


@dataclass(frozen=True)
class NoiseVariance:
    """Noise variance of one training.

    Attributes:
        pooled: variance of each objective over all genomes, (objectives,); NaN if no genome has
            two trainings yet.
        freedom: degrees of freedom of ``pooled``: trainings beyond the first of each genome.
        of_each: shrunk variance of each genome, (genomes, objectives); NaN likewise.
    """

    pooled: Array
    freedom: int
    of_each: Array

    @classmethod
    def of(cls, samples: Sequence[Sample], *, num_objectives: int) -> "NoiseVariance":
        """Estimate it from the trainings that gave values within the constraints."""
        freedom = np.array([max(0, len(sample.vectors) - 1) for sample in samples])
        scatter = np.zeros((len(samples), num_objectives))
        for row, sample, free in zip(scatter, samples, freedom, strict=True):
            if free:
                row[:] = sample.scatter
        total = int(freedom.sum())
        if total == 0:
            nothing = np.full(num_objectives, np.nan)
            return cls(nothing, 0, np.full((len(samples), num_objectives), np.nan))
        pooled = scatter.sum(axis=0) / total
        of_each = np.empty_like(scatter)
        for number in range(num_objectives):
            of_each[:, number] = moderated(scatter[:, number], freedom)
        return cls(pooled, total, of_each)


def moderated(scatter: Array, freedom: NDArray[np.int_]) -> Array:
    """Return the variance of each genome, shrunk towards the pooled variance.

    Args:
        scatter: sums of squares about the mean, (genomes,).
        freedom: trainings beyond the first, (genomes,).

    Returns:
        (freedom0 * variance0 + scatter) / (freedom0 + freedom), for each genome.
    """
    pooled = float(scatter.sum() / freedom.sum())
    own = freedom > 0
    prior = prior_freedom(scatter[own], freedom[own])
    return np.asarray((prior * pooled + scatter) / (prior + freedom))


def prior_freedom(scatter: Array, freedom: NDArray[np.int_]) -> float:
    """Return how similar the variances of genomes are, in degrees of freedom of the prior.

    Uses the variance of the logarithms beyond that of a chi square (equation 5 of Smyth 2004),
    minus the sampling error of that variance, so that two trainings per genome do not suggest
    differences that are not there.
    """
    used = scatter > 0.0
    count = int(used.sum())
    if count < 3:
        return MAX_PRIOR_FREEDOM
    half = freedom[used] / 2.0
    logs = np.log(scatter[used] / freedom[used]) - digamma(half) + np.log(half)
    spread = (logs - logs.mean()) ** 2 * count / (count - 1)
    excess = spread.mean() - polygamma(1, half).mean()
    excess -= spread.std(ddof=1) / np.sqrt(count)
    if excess <= 2.0 / MAX_PRIOR_FREEDOM:
        return MAX_PRIOR_FREEDOM
    return float(2.0 * _inverse_trigamma(float(excess)))


def _inverse_trigamma(value: float) -> float:
    """Invert trigamma by Newton's method on 1 / trigamma (appendix of Smyth 2004)."""
    guess = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(polygamma(1, guess))
        step = trigamma * (1.0 - trigamma / value) / float(polygamma(2, guess))
        guess += step
        if abs(step) < 1e-10 * guess:
            break
    return guess
