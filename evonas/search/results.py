"""Checks of the results that a search is told."""

import math
from collections.abc import Sequence

from evonas.search.pareto import Vector


def or_failures(
    violations: Sequence[float] | None, vectors: Sequence[Vector | None]
) -> Sequence[float]:
    """Return the violations; without any, every ``None`` among the vectors is a failure."""
    if violations is not None:
        return violations
    return [0.0 if vector is not None else math.inf for vector in vectors]


def check_result(
    what: object, vector: Vector | None, violation: float, *, num_objectives: int
) -> None:
    """Reject a result that no evaluation can produce.

    Raises:
        ValueError: the vector has the wrong length or is not finite, or the violation contradicts
            it; the message begins with ``what``.
    """
    if vector is not None:
        if len(vector) != num_objectives:
            raise ValueError(f"{what}: expected {num_objectives} objectives, got {len(vector)}")
        if not all(math.isfinite(value) for value in vector):
            raise ValueError(f"{what}: expected finite objectives, or None, got {vector}")
    if not violation >= 0 or (violation > 0) != (vector is None):
        raise ValueError(
            f"{what}: expected violation 0 with a vector, above 0 with None; "
            f"got {violation} with {vector}"
        )
