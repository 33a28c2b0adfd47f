"""The order of vectors by front and then by crowding distance (Deb et al. 2002, NSGA-II)."""

import math
from collections.abc import Sequence

import moocore
import numpy as np

from evonas.search.pareto import Vector


def by_rank_and_crowding(vectors: Sequence[Vector]) -> list[int]:
    """Positions of the vectors, best first; everything is minimised.

    First come those that none dominates, then those that only these dominate, and so on. Within a
    front the one with the larger crowding distance comes first, among equals the earlier one.
    """
    if not vectors:
        return []
    ranks = moocore.pareto_rank(np.array(vectors, dtype=float)).tolist()
    distances = [0.0] * len(vectors)
    for rank in set(ranks):
        members = [i for i, each in enumerate(ranks) if each == rank]
        for i, distance in zip(members, crowding([vectors[i] for i in members]), strict=True):
            distances[i] = distance
    return sorted(range(len(vectors)), key=lambda i: (ranks[i], -distances[i], i))


def crowding(front: Sequence[Vector]) -> list[float]:
    """Gap to the neighbours of each vector on one front, infinite at its ends.

    For every objective the distance between the neighbours on both sides, as a share of the range
    of the front, summed up.
    """
    distances = [0.0] * len(front)
    for column in zip(*front, strict=True):
        order = sorted(range(len(front)), key=column.__getitem__)
        span = column[order[-1]] - column[order[0]]
        distances[order[0]] = distances[order[-1]] = math.inf
        if span == 0:
            continue
        for before, here, after in zip(order, order[1:], order[2:], strict=False):
            distances[here] += (column[after] - column[before]) / span
    return distances
