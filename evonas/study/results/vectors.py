"""Values as seen by searches: the only place where a maximised objective changes its sign."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector


class Measured(Protocol):
    """One training, or a candidate with all its trainings."""

    @property
    def values(self) -> Mapping[str, float]:
        """Values by objective."""

    @property
    def contends(self) -> bool:
        """Whether it is eligible for the front."""

    @property
    def failure(self) -> str | None:
        """Why it failed; None if it did not."""


def vector(measured: Measured, objectives: Sequence[str]) -> Vector | None:
    """The values to minimise, or None if not eligible."""
    if not measured.contends:
        return None
    return tuple(OBJECTIVES[name].minimised(measured.values[name]) for name in objectives)


def told(training: Evaluation, objectives: Sequence[str]) -> tuple[Vector | None, float]:
    """What a search is told about a training: values to minimise, and a violation.

    The values are those at the end of its training so far. An expensive objective that cannot
    affect the front is replaced by its bound, measured or not. A training that violates a
    constraint has values only if everything was measured.
    """
    if training.failure is not None:
        return None, math.inf
    known = {**training.values, **training.bounds}
    if training.violation and not known.keys() >= set(objectives):
        return None, training.violation
    values = tuple(OBJECTIVES[name].minimised(known[name]) for name in objectives)
    return values, training.violation
