"""Sorting of vectors by front, then by crowding distance (Deb et al. 2002, NSGA-II)."""

import math
from collections.abc import Sequence

import moocore
import numpy as np

from evonas.search.pareto import Vector


def by_rank_and_crowding(vectors: Sequence[Vector]) -> list[int]:
    """Return the positions of the vectors, best first; everything is minimised.

    Non-dominated vectors come first, then those dominated only by these, and so on. Within a
    front, the larger crowding distance comes first; ties keep their order.
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
    """Return the crowding distance of each vector on one front, infinite at the ends.

    The gap between the two neighbours as a share of the front's range, summed over objectives.
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
