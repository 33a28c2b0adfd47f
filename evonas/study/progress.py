"""How far a study is: counts, the best of each objective, the hypervolume of the archive."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evonas.evaluation.objectives import OBJECTIVES, Objective
from evonas.evaluation.record import Evaluation
from evonas.search.pareto import Vector, hypervolume, non_dominated

# the reference lies a little beyond the worst, so that the ends of a front count too
BEYOND_WORST = 1.1


@dataclass(frozen=True)
class Progress:
    """A study at one moment.

    Attributes:
        done: candidates evaluated, failures included.
        total: candidates at most.
        epochs_done: that all candidates were trained for.
        epochs_total: that they will have been trained for, if none fails.
        failures: candidates that failed.
        generation: being evaluated, from 0.
        best: of each objective.
        hypervolume: share of the box between the ideal and the reference that the archive
            dominates; None until the first generation, which fixes the reference, is complete.
        front_size: candidates that no other dominates.
    """

    done: int
    total: int
    epochs_done: int
    epochs_total: int
    failures: int
    generation: int
    best: dict[str, float]
    hypervolume: float | None
    front_size: int


def vector(evaluation: Evaluation, objectives: Sequence[str]) -> tuple[float, ...] | None:
    """The values to minimise, or None for a candidate that can be on no front."""
    if not evaluation.contends:
        return None
    return tuple(OBJECTIVES[name].minimised(evaluation.values[name]) for name in objectives)


def told(evaluation: Evaluation, objectives: Sequence[str]) -> tuple[Vector | None, float]:
    """What a search is told of a candidate: values to minimise, and a violation.

    The values are those after as many epochs as it was trained for. An expensive one that could
    make no difference to the front is replaced by its bound, whether it was measured or not.
    """
    if evaluation.failure is not None:
        return None, math.inf
    if evaluation.violation:
        return None, evaluation.violation
    known = {**evaluation.values, **evaluation.bounds}
    return tuple(OBJECTIVES[name].minimised(known[name]) for name in objectives), 0.0


def front(evaluations: Sequence[Evaluation], objectives: Sequence[str]) -> list[Evaluation]:
    """The evaluations that none dominates, sorted by the first objective, best first."""
    pairs = [(e, v) for e in evaluations if (v := vector(e, objectives)) is not None]
    keep = non_dominated([v for _, v in pairs])
    chosen = [pair for pair, kept in zip(pairs, keep, strict=True) if kept]
    return [e for e, _ in sorted(chosen, key=lambda pair: (pair[1], pair[0].key))]


def best(evaluations: Sequence[Evaluation], objectives: Sequence[str]) -> dict[str, float]:
    """The best value of each objective among the candidates that can be on a front."""
    values = {name: [e.values[name] for e in evaluations if e.contends] for name in objectives}
    return {
        name: min(given, key=OBJECTIVES[name].minimised) for name, given in values.items() if given
    }


def archive_hypervolume(
    evaluations: Sequence[Evaluation],
    objectives: Sequence[str],
    *,
    reference_generation: Sequence[Evaluation],
) -> float | None:
    """Hypervolume of all evaluations, in the unit box between the ideal and the reference.

    An objective with a worst value takes it as its reference (accuracy 0), and 1 as its ideal; the
    others (parameters, multiply-adds) take 0 as their ideal and 1.1 times the worst of
    ``reference_generation`` as their reference. None if every candidate of it failed.
    """
    if all(e.failure is not None for e in reference_generation):
        return None
    sides = [_side(OBJECTIVES[name], reference_generation) for name in objectives]
    vectors = [v for e in evaluations if (v := vector(e, objectives)) is not None]
    scaled = [
        tuple(
            (value - ideal) / (reference - ideal)
            for value, (ideal, reference) in zip(v, sides, strict=True)
        )
        for v in vectors
    ]
    return hypervolume(scaled, reference=(1.0,) * len(objectives))


def _side(objective: Objective, reference_generation: Sequence[Evaluation]) -> tuple[float, float]:
    """The ideal and the reference of one objective, both minimised."""
    if objective.worst is not None:
        return objective.minimised(1.0), objective.minimised(objective.worst)
    values = [e.values[objective.name] for e in reference_generation if e.failure is None]
    return 0.0, BEYOND_WORST * max(values)
