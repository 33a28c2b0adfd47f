"""The posterior of every genome, from its replicates and from similar genomes.

A Gaussian process predicts each genome from all others (leave-one-out). Its errors on promising
genomes show how far it can be trusted there. This prediction is the prior; the mean of the
replicates, with the variance of one training divided by their number, is the likelihood. Both are
normal, so the posterior has a closed form. The best of many noisy values are biased by luck;
posterior means are not, as long as the prior is right.
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
"""Share of genomes, those predicted best, on which the model is tested."""

MIN_GENOMES = 10
"""With fewer genomes there is no model; every mean then stands for itself."""


@final
@dataclass(frozen=True)
class Posterior:
    """The posterior of the feasible genomes.

    Attributes:
        samples: samples of these genomes.
        means: to be minimised, (genomes, objectives).
        variances: variances of the same; 0 if the noise is 0 or not known yet.
        prior_variances: variances before the genome's own trainings.
        noise: noise of one training.
    """

    samples: tuple[Sample, ...]
    means: Array
    variances: Array
    prior_variances: Array
    noise: NoiseVariance


@final
class Belief:
    """Keeps the fitted model, so that the next fit starts from it.

    Args:
        features: features of the space.
        num_objectives: number of objectives of every result.
    """

    def __init__(self, features: Features, *, num_objectives: int) -> None:
        self._features = features
        self._num_objectives = num_objectives
        self._surrogate = Surrogate(features, num_objectives=num_objectives)

    def posterior(self, samples: Sequence[Sample]) -> Posterior:
        """The present posterior; genomes without a mean are left out."""
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
        with threadpool_limits(1):  # sums of another order round otherwise
            self._surrogate.learn(rows, means, of_mean)
            prior, variances = self._surrogate.left_out(rows, means, of_mean)
        # chosen by leave-one-out predictions, so that their own luck plays no part
        order = np.argsort(prior.argsort(axis=0).argsort(axis=0).sum(axis=1), kind="stable")
        best = order[: max(MIN_GENOMES, round(BEST_SHARE * len(order)))]
        spread, noise = variances[best], of_mean[best]
        prior = prior + disappointment(means[best] - prior[best], variances=spread, noise=noise)
        factors = inflation(means[best] - prior[best], variances=spread, noise=noise)
        return prior, variances * factors


def disappointment(errors: Array, *, variances: Array, noise: Array) -> Array:
    """By how much genomes are worse than predicted, at least 0, for each objective.

    It expects most where it errs in their favour, and a search asks for just these (the
    optimiser's curse; Smith and Winkler 2006). The mean error, weighted by what is expected of
    each.

    Args:
        errors: values less predictions, (n, objectives).
        variances: as in :func:`inflation`.
        noise: as in :func:`inflation`.
    """
    weights = 1.0 / (variances + noise)
    return np.asarray(np.maximum(0.0, (weights * errors).sum(axis=0) / weights.sum(axis=0)))


def inflation(errors: Array, *, variances: Array, noise: Array) -> Array:
    """By how much a model's variances are too small, at least 1, for each objective.

    The factor c under which squared errors are c times the variances plus the noise, by least
    squares weighted by the inverse squares of what is expected with c = 1.

    Args:
        errors: values less predictions, (n, objectives).
        variances: variances of what stands behind the values, by the model, (n, objectives).
        noise: variance of the values about that, (n, objectives).
    """
    weights = 1.0 / (variances + noise) ** 2
    covariances = (weights * variances * (errors**2 - noise)).sum(axis=0)
    return np.asarray(np.maximum(1.0, covariances / (weights * variances**2).sum(axis=0)))
