"""What part of an axis is worth drawing: the front and most others, not the few far behind."""

from collections.abc import Sequence

from evonas.evaluation.objectives import OBJECTIVES
from evonas.study.results.candidate import Candidate
from evonas.study.results.likely import likely_front

SHOWN_SHARE = 0.8
"""Of the candidates, the best in an objective: these are always on its axis."""

STRETCH = 2.0
"""An axis is at most so many times as long as these need."""

MARGIN = 0.06


def visible_range(candidates: Sequence[Candidate], name: str) -> tuple[float, float]:
    """The lower and the upper end of the axis of an objective.

    All that may be on the front is inside, with its bars.

    Args:
        candidates: the candidates that can be on a front, at least one.
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


def beyond_the_axes(candidates: Sequence[Candidate], objectives: Sequence[str]) -> int:
    """How many candidates lie outside the range of an objective, and so outside a panel.

    Args:
        candidates: the candidates that can be on a front.
        objectives: the objectives that are drawn against each other; with a single one nothing is
            cut.
    """
    if len(objectives) < 2 or not candidates:
        return 0
    ranges = {name: visible_range(candidates, name) for name in objectives}
    return sum(
        any(not low <= c.values[name] <= high for name, (low, high) in ranges.items())
        for c in candidates
    )
