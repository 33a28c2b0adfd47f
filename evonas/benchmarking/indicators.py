"""Quality indicators of a set of vectors, and of its progress; everything is minimised."""

import math
from collections.abc import Sequence

import moocore
import numpy as np

from evonas.search.pareto import Normaliser, Vector, non_dominated

MAX_ATTAINMENT_OBJECTIVES = 3  # limit of moocore's attainment function


def front_of(vectors: Sequence[Vector | None]) -> list[Vector]:
    """Return the distinct non-dominated vectors, sorted."""
    keep = non_dominated(vectors)
    chosen = [v for v, is_best in zip(vectors, keep, strict=True) if is_best and v is not None]
    return sorted(set(chosen))


def hypervolume_course(vectors: Sequence[Vector | None], *, normaliser: Normaliser) -> list[float]:
    """Return the archive's hypervolume after each result, including failures; it never falls."""
    front: list[Vector] = []
    trajectory: list[float] = []
    for vector in vectors:
        grown = front if vector is None else front_of([*front, vector])
        trajectory.append(
            trajectory[-1] if trajectory and grown == front else normaliser.hypervolume(grown)
        )
        front = grown
    return trajectory


def igd_plus(
    vectors: Sequence[Vector | None], *, reference_front: Sequence[Vector], normaliser: Normaliser
) -> float:
    """Return the mean distance by which the reference front exceeds the vectors: IGD+.

    Ishibuchi et al. 2015. Unlike the plain inverted generational distance, it never prefers a set
    that is dominated by another.

    Returns:
        0 if every point of the reference is attained; infinite without a successful candidate.
    """
    found = front_of(vectors)
    if not found:
        return math.inf
    points, reference = (
        np.array([normaliser.normalised(vector) for vector in some])
        for some in (found, reference_front)
    )
    return float(moocore.igd_plus(points, ref=reference))


def area_under_course(evaluations: Sequence[int], scores: Sequence[float]) -> float:
    """Return the mean score over the logarithm of evaluations: early success counts more.

    Each score applies until the next one.

    Args:
        evaluations: numbers of evaluations, increasing, at least 1.
        scores: score at each of these.
    """
    if len(scores) == 1:
        return scores[0]
    logs = np.log(np.asarray(evaluations, dtype=float))
    weights = np.diff(logs)
    return float((np.asarray(scores[:-1]) * weights).sum() / weights.sum())


def attainment_surface(fronts: Sequence[Sequence[Vector]], *, share: float = 0.5) -> list[Vector]:
    """Return the border of the region that ``share`` of the runs attain (Fonseca, Fleming 1996).

    A run attains every vector that one of its own is at least as good as, in every objective.

    Args:
        fronts: front of each run, in two or three objectives.
        share: minimum share of the runs; 0.5 gives the median surface.

    Returns:
        Corners of the border, sorted; empty if too few runs have a front.
    """
    points = np.array([vector for front in fronts for vector in front])
    runs = np.array([run for run, front in enumerate(fronts) for _ in front])
    alive = len(set(runs.tolist()))
    # moocore only counts runs with a vector, so the share is converted to a share of these
    needed = math.ceil(share * len(fronts))
    if needed > alive:
        return []
    surface = moocore.eaf(points, runs, percentiles=[100 * needed / alive])
    return sorted(tuple(row) for row in surface[:, :-1].tolist())
