"""Ties: networks that differ in no objective by more than their errors explain."""

import math
from collections.abc import Sequence

from evonas.study.results.candidate import Candidate

LEVEL_ERRORS = 2.0
"""Two values tie if they differ by at most this many standard errors of the difference."""


def ties(candidates: Sequence[Candidate], objectives: Sequence[str]) -> dict[str, list[str]]:
    """For each candidate, by key, the keys of those it ties with.

    The errors are those of training: all candidates are measured on the same images. If they are
    unknown, there are no ties.

    Args:
        candidates: with values of all objectives.
        objectives: objectives of the study.
    """
    return {
        one.key: [
            other.key
            for other in candidates
            if other.key != one.key and all(_is_level(one, other, name) for name in objectives)
        ]
        for one in candidates
    }


def _is_level(one: Candidate, other: Candidate, name: str) -> bool:
    mine, theirs = one.noise.get(name), other.noise.get(name)
    if mine is None or theirs is None:
        return False
    return abs(one.values[name] - other.values[name]) <= LEVEL_ERRORS * math.hypot(mine, theirs)
