"""Values as searches see them: the one place where a maximised objective changes its sign."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector


class Measured(Protocol):
    """One training, or a candidate with all of its trainings."""

    @property
    def values(self) -> Mapping[str, float]:
        """By objective."""

    @property
    def contends(self) -> bool:
        """Whether it can be on a front."""

    @property
    def failure(self) -> str | None:
        """Why it failed, else None."""


def vector(measured: Measured, objectives: Sequence[str]) -> Vector | None:
    """The values to minimise, or None for what can be on no front."""
    if not measured.contends:
        return None
    return tuple(OBJECTIVES[name].minimised(measured.values[name]) for name in objectives)


def told(training: Evaluation, objectives: Sequence[str]) -> tuple[Vector | None, float]:
    """What a search is told of a training: values to minimise, and a violation.

    The values are those after as many epochs as it was trained for. An expensive one that could
    make no difference to the front is replaced by its bound, whether it was measured or not.
    """
    if training.failure is not None:
        return None, math.inf
    if training.violation:
        return None, training.violation
    known = {**training.values, **training.bounds}
    return tuple(OBJECTIVES[name].minimised(known[name]) for name in objectives), 0.0
