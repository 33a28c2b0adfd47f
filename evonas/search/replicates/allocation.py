"""Choose which genomes to train again: those whose place on the front is in doubt."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def allocate(probabilities: Array, trainings: NDArray[np.int_], *, count: int) -> list[int]:
    """Return indices of genomes to train again, one per training; an index can occur repeatedly.

    Each step takes the genome with the largest p (1 - p) / n, where p is its probability to be on
    the front and n its number of trainings: one that is in doubt and seldom trained. This follows
    the large-sample form of optimal computing budget allocation for Pareto sets (Lee, Chew, Teng
    and Goldsman 2004), with simulated probabilities instead of its bounds.

    Args:
        probabilities: probability of each genome to be on the front, (genomes,).
        trainings: number of trainings so far, including those in flight, (genomes,).
        count: number of trainings to allocate.

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
