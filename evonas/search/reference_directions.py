"""Directions spread evenly over the objectives, for decomposition (Das and Dennis 1998)."""

from math import comb
from typing import Any

from pymoo.util.ref_dirs import get_reference_directions


def reference_directions(num_objectives: int, *, at_most: int) -> Any:
    """Return Das and Dennis' simplex lattice, as fine as ``at_most`` directions allow.

    Never coarser than the unit vectors: there is at least one direction for each objective, even
    if ``at_most`` is smaller.

    Args:
        num_objectives: number of objectives m, at least 2.
        at_most: maximum number of directions.

    Returns:
        Float array (directions, m), each row non-negative with sum 1.
    """
    partitions = 1
    while comb(partitions + num_objectives, num_objectives - 1) <= at_most:
        partitions += 1
    return get_reference_directions("das-dennis", num_objectives, n_partitions=partitions)
