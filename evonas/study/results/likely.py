"""Which candidates deserve a confirmation and stored weights."""

from collections.abc import Iterable

from evonas.study.results.candidate import Candidate

GOOD_CHANCE = 0.25
"""Minimum probability of being on the front: of four such candidates, one is expected there."""


def likely_front(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The front and the candidates likely to belong to it, in the order of requests."""
    return [
        each
        for each in candidates
        if each.on_front or (each.p_front is not None and each.p_front >= GOOD_CHANCE)
    ]
