"""Allocate replicates to genomes whose place on the front another training can decide."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def allocate(probabilities: Array, trainings: NDArray[np.int_], *, count: int) -> list[int]:
    """Indices of genomes to train again, one by one; a genome can occur more than once.

    Each time, the genome is taken for which a training most reduces the variance of being on the
    front, p (1 - p), which falls as 1 / n with the number of trainings. This is the large-sample
    form of optimal computing budget allocation for Pareto sets (Lee, Chew, Teng and Goldsman
    2004), with simulated probabilities instead of its bounds.

    Args:
        probabilities: of being on the front, (genomes,).
        trainings: number so far, including running ones, (genomes,).
        count: how many are wanted.

    Returns:
        At most ``count`` indices: fewer, or none, if nothing is in doubt.
    """
    doubt = probabilities * (1.0 - probabilities)
    planned = trainings.astype(float)
    chosen: list[int] = []
    for _ in range(count):
        worth = doubt / planned
        best = int(worth.argmax()) if len(worth) else -1
        if best < 0 or worth[best] <= 0.0:
            break
        chosen.append(best)
        planned[best] += 1.0
    return chosen
