"""Fronts and hypervolumes, computed by moocore; everything is minimised, failures are ignored."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import moocore
import numpy as np

Vector = tuple[float, ...]
"""One finite number per objective, each to be minimised."""

REFERENCE = 1.1
"""Reference point after normalisation, in every objective: slightly beyond the nadir, so that the
ends of the front count too (Ishibuchi et al. 2018 discuss the choice)."""


def non_dominated(vectors: Sequence[Vector | None]) -> list[bool]:
    """Return for each vector whether no other is at least as good everywhere and better somewhere.

    Equal vectors do not dominate each other, so all of them are kept. ``None`` (a failed
    candidate) is never on a front.
    """
    successes = [vector for vector in vectors if vector is not None]
    if not successes:
        return [False] * len(vectors)
    kept = iter(moocore.is_nondominated(np.array(successes, dtype=float), keep_weakly=True))
    return [vector is not None and bool(next(kept)) for vector in vectors]


def constrained_front(vectors: Sequence[Vector | None], violations: Sequence[float]) -> list[bool]:
    """Return for each candidate whether none is better by the feasibility rules (Deb 2000).

    A feasible candidate beats an infeasible one; of two infeasible ones, the smaller violation
    wins. A failure, whose violation is infinite, is never on the front.
    """
    if any(vector is not None for vector in vectors):
        return non_dominated(vectors)
    least = min(violations, default=math.inf)
    return [violation == least and math.isfinite(least) for violation in violations]


def hypervolume(vectors: Sequence[Vector | None], *, reference: Vector) -> float:
    """Return the volume that the vectors dominate, up to ``reference``.

    A vector that is not better than the reference in every objective adds nothing, and neither
    does ``None``.
    """
    successes = [vector for vector in vectors if vector is not None]
    if not successes:
        return 0.0
    return float(moocore.hypervolume(np.array(successes, dtype=float), ref=np.array(reference)))


@dataclass(frozen=True)
class Normaliser:
    """Maps ``ideal`` to 0 and ``nadir`` to 1 in every objective.

    Report both wherever a normalised number is shown. With fixed values, the hypervolume of a
    growing archive can only increase.

    Attributes:
        ideal: best value of each objective.
        nadir: worst value of each objective among the fitted vectors.
    """

    ideal: Vector
    nadir: Vector

    @classmethod
    def fit(cls, vectors: Sequence[Vector | None]) -> "Normaliser":
        """Take ideal and nadir from the extremes of the given vectors.

        To measure progress, pass the first generation; to compare with a known front, that front.

        Raises:
            ValueError: every vector is ``None``.
        """
        columns = list(zip(*(v for v in vectors if v is not None), strict=True))
        if not columns:
            raise ValueError("expected at least one candidate that did not fail")
        return cls(tuple(map(min, columns)), tuple(map(max, columns)))

    def normalised(self, vector: Vector) -> Vector:
        """Return the vector in units of nadir - ideal; where these are equal, only shifted."""
        return tuple(
            (value - low) / ((high - low) or 1.0)
            for value, low, high in zip(vector, self.ideal, self.nadir, strict=True)
        )

    def hypervolume(self, vectors: Sequence[Vector | None]) -> float:
        """Return the normalised hypervolume, up to :data:`REFERENCE` in every objective."""
        return hypervolume(
            [None if vector is None else self.normalised(vector) for vector in vectors],
            reference=(REFERENCE,) * len(self.ideal),
        )
