"""Choose the range of an axis: the front and most candidates, without the few worst."""

from collections.abc import Sequence

from evonas.evaluation.objectives import OBJECTIVES
from evonas.study.results.candidate import Candidate
from evonas.study.results.likely import likely_front

SHOWN_SHARE = 0.8
"""Share of the candidates, the best in an objective, that is always within its axis."""

STRETCH = 2.0
"""Largest length of an axis, as a multiple of the length that these candidates need."""

MARGIN = 0.06


def visible_range(candidates: Sequence[Candidate], name: str) -> tuple[float, float]:
    """The lower and the upper end of the axis of an objective.

    All candidates that may be on the front are inside, with their error bars.

    Args:
        candidates: candidates that can be on a front, at least one.
        name: name of the objective.
    """
    objective = OBJECTIVES[name]
    ordered = sorted((c.values[name] for c in candidates), key=objective.minimised)
    best, worst = ordered[0], ordered[-1]
    cut = max(
        [ordered[round(SHOWN_SHARE * (len(ordered) - 1))]]
        + [c.values[name] for c in likely_front(candidates)],
        key=objective.minimised,
    )
    reach = best + STRETCH * (cut - best)
    end = min(reach, worst, key=objective.minimised)
    bars = [
        c.values[name] + sign * (c.errors.get(name) or 0.0)
        for c in likely_front(candidates)
        for sign in (-1.0, 1.0)
    ]
    low, high = min(best, end, *bars), max(best, end, *bars)
    margin = MARGIN * (high - low) or MARGIN * abs(high) or MARGIN
    return low - margin, high + margin


def count_outside_axes(candidates: Sequence[Candidate], objectives: Sequence[str]) -> int:
    """Number of candidates outside the range of an objective, and so outside a panel.

    Args:
        candidates: candidates that can be on a front.
        objectives: objectives drawn against each other; with a single one nothing is cut.
    """
    if len(objectives) < 2 or not candidates:
        return 0
    ranges = {name: visible_range(candidates, name) for name in objectives}
    return sum(
        any(not low <= c.values[name] <= high for name, (low, high) in ranges.items())
        for c in candidates
    )
