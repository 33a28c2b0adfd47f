"""Probability that a genome is on the front, estimated by drawing from the posterior."""

from collections.abc import Sequence

import moocore
import numpy as np
from numpy.typing import NDArray

from evonas.search.replicates.estimate import Estimate

Array = NDArray[np.float64]

NUM_DRAWS = 256


def front_probability(
    means: Array, variances: Array, *, generator: np.random.Generator, draws: int = NUM_DRAWS
) -> Array:
    """Return for each genome the share of draws in which no other genome dominates it.

    Args:
        means: means of independent normal values, to be minimised, (genomes, objectives).
        variances: variances, of the same shape.
        generator: random generator of the draws.
        draws: number of draws; the standard error is at most 0.5 / sqrt(draws).

    Returns:
        Probabilities, (genomes,).
    """
    if not len(means):
        return np.zeros(0)
    counts = np.zeros(len(means))
    deviations = np.sqrt(variances)
    for normal in generator.standard_normal((draws, *means.shape)):
        counts += moocore.is_nondominated(means + deviations * normal, keep_weakly=True)
    return np.asarray(counts / draws)


def p_front(estimates: Sequence[Estimate], *, seed: int) -> list[float]:
    """Return for each genome the probability that no other genome dominates it.

    Args:
        estimates: estimates of all genomes; one without a mean has probability 0.
        seed: seed of the draws.
    """
    known = [place for place, each in enumerate(estimates) if each.mean is not None]
    means = np.array([estimates[place].mean for place in known], dtype=float)
    errors = np.array(
        [estimates[place].standard_error or (0.0,) * means.shape[1] for place in known]
    )
    found = front_probability(means, errors**2, generator=np.random.default_rng(seed))
    result = [0.0] * len(estimates)
    for place, probability in zip(known, found.tolist(), strict=True):
        result[place] = probability
    return result
