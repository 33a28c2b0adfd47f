"""Which candidates are worth a confirmation and a place for their weights."""

from collections.abc import Iterable

from evonas.study.results.candidate import Candidate

GOOD_CHANCE = 0.25
"""Of being on the front: of four candidates at this chance one is expected to be there."""


def likely_front(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The front, and those with a good chance to belong to it, in the order of asking."""
    return [
        each
        for each in candidates
        if each.on_front or (each.p_front is not None and each.p_front >= GOOD_CHANCE)
    ]
