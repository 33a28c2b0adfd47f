"""How probable it is that a genome is on the front, by drawing what may stand behind all means."""

import moocore
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUM_DRAWS = 256


def front_probability(
    means: Array, variances: Array, *, generator: np.random.Generator, draws: int = NUM_DRAWS
) -> Array:
    """The share of draws in which no other genome dominates.

    Args:
        means: of independent normal values to be minimised, (genomes, objectives).
        variances: of the same.
        generator: of the draws.
        draws: how many; the standard error is at most 0.5 / sqrt(draws).

    Returns:
        (genomes,).
    """
    if not len(means):
        return np.zeros(0)
    counts = np.zeros(len(means))
    deviations = np.sqrt(variances)
    for normal in generator.standard_normal((draws, *means.shape)):
        counts += moocore.is_nondominated(means + deviations * normal, keep_weakly=True)
    return np.asarray(counts / draws)
