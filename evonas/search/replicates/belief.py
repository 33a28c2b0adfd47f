"""Posterior of every genome's objectives, from its own replicates and from similar genomes.

A Gaussian process predicts each genome from all others (leave-one-out). Its errors on the genomes
that it predicts to be best show how far it can be trusted there. That prediction is the prior. The
evidence is the mean of the replicates, whose variance is that of one training over their number.
Both are normal, so the posterior has a closed form. The best of many noisy values is biased by
luck; a posterior mean is not, as long as its prior is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from evonas.search.model_guided.genome_features import Features, Rows
from evonas.search.model_guided.surrogate import Surrogate
from evonas.search.replicates.noise_variance import NoiseVariance
from evonas.search.replicates.sample import Sample

Array = NDArray[np.float64]

BEST_SHARE = 0.25
"""Share of genomes, best first by the model's predictions, on which the model is tested."""

MIN_GENOMES = 10
"""A model of fewer genomes is not used; every mean is then taken as it is."""


@final
@dataclass(frozen=True)
class Posterior:
    """Posterior of the genomes within the constraints.

    Attributes:
        samples: samples of these genomes.
        means: posterior means, to be minimised, (genomes, objectives).
        variances: posterior variances, of the same shape; 0 if the noise is 0 or not known yet.
        prior_variances: variances before the genome's own trainings were included.
        noise: noise variance of one training.
    """

    samples: tuple[Sample, ...]
    means: Array
    variances: Array
    prior_variances: Array
    noise: NoiseVariance


@final
class Belief:
    """Keeps the fitted scales, so that the next fit starts from them.

    Args:
        features: features of the space.
        num_objectives: number of objectives.
    """

    def __init__(self, features: Features, *, num_objectives: int) -> None:
        self._features = features
        self._num_objectives = num_objectives
        self._surrogate = Surrogate(features, num_objectives=num_objectives)

    def posterior(self, samples: Sequence[Sample]) -> Posterior:
        """Compute the current posterior; genomes without a mean are left out."""
        inside = tuple(sample for sample in samples if sample.mean is not None)
        shape = (len(inside), self._num_objectives)
        means = np.array([sample.mean for sample in inside], dtype=float).reshape(shape)
        noise = NoiseVariance.of(inside, num_objectives=self._num_objectives)
        counts = np.array([len(sample.vectors) for sample in inside]).reshape(-1, 1)
        of_mean = np.nan_to_num(noise.of_each) / counts
        if len(inside) < MIN_GENOMES:
            return Posterior(inside, means, of_mean, np.full(shape, np.inf), noise)
        rows = self._features.rows([sample.genome for sample in inside])
        prior, variances = self._prior(rows, means, of_mean)
        weight = variances / (variances + of_mean)
        return Posterior(
            inside, prior + weight * (means - prior), weight * of_mean, variances, noise
        )

    def _prior(self, rows: Rows, means: Array, of_mean: Array) -> tuple[Array, Array]:
        with threadpool_limits(1):  # another order of summation would round differently
            self._surrogate.learn(rows, means, of_mean)
            prior, variances = self._surrogate.left_out(rows, means, of_mean)
        # select by predictions from other genomes, so that a genome's own luck plays no part
        order = np.argsort(prior.argsort(axis=0).argsort(axis=0).sum(axis=1), kind="stable")
        best = order[: max(MIN_GENOMES, round(BEST_SHARE * len(order)))]
        spread, noise = variances[best], of_mean[best]
        prior = prior + disappointment(means[best] - prior[best], variances=spread, noise=noise)
        factors = inflation(means[best] - prior[best], variances=spread, noise=noise)
        return prior, variances * factors


def disappointment(errors: Array, *, variances: Array, noise: Array) -> Array:
    """Return by how much genomes are worse than predicted, at least 0, for each objective.

    Predictions are best where they err favourably, and a search asks for just these genomes (the
    optimiser's curse; Smith and Winkler 2006). The result is the mean error, weighted by the
    inverse of its expected variance.

    Args:
        errors: values minus predictions, (n, objectives).
        variances: as in :func:`inflation`.
        noise: as in :func:`inflation`.
    """
    weights = 1.0 / (variances + noise)
    return np.asarray(np.maximum(0.0, (weights * errors).sum(axis=0) / weights.sum(axis=0)))


def inflation(errors: Array, *, variances: Array, noise: Array) -> Array:
    """Return by what factor a model's variances are too small, at least 1, for each objective.

    This is the factor c in: expected squared error = c times the variance plus the noise. It is
    fitted by least squares, weighted by the inverse squares of that expectation at c = 1.

    Args:
        errors: values minus predictions, (n, objectives).
        variances: the model's variances of the true values, (n, objectives).
        noise: variance of the observed values about the true ones, (n, objectives).
    """
    weights = 1.0 / (variances + noise) ** 2
    covariances = (weights * variances * (errors**2 - noise)).sum(axis=0)
    return np.asarray(np.maximum(1.0, covariances / (weights * variances**2).sum(axis=0)))
