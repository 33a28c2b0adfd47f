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
    what: object,
    vector: Vector | None,
    violation: float,
    *,
    num_objectives: int,
    may_have_both: bool = False,
) -> None:
    """Reject a result that no evaluation can produce.

    Args:
        what: what the result is of, for messages.
        vector: objectives, to be minimised; None if there are none.
        violation: constraint violation.
        num_objectives: expected length of the vector.
        may_have_both: whether a result that violates a constraint may have a vector.

    Raises:
        ValueError: the vector has the wrong length or is not finite, or the violation contradicts
            it; the message begins with ``what``.
    """
    if vector is not None:
        if len(vector) != num_objectives:
            raise ValueError(f"{what}: expected {num_objectives} objectives, got {len(vector)}")
        if not all(math.isfinite(value) for value in vector):
            raise ValueError(f"{what}: expected finite objectives, or None, got {vector}")
    has_both = vector is not None and 0 < violation < math.inf
    fits = (violation > 0) == (vector is None) or (may_have_both and has_both)
    if not violation >= 0 or not fits:
        raise ValueError(
            f"{what}: expected violation 0 with a vector, above 0 with None; "
            f"got {violation} with {vector}"
        )
