"""What a store records of a candidate besides the values of its objectives."""

from collections.abc import Iterator

from evonas.study.results.candidate import Candidate
from evonas.study.results.confirmed import Confirmed

Fact = str | int | float | bool


def facts_of(candidate: Candidate, confirmed: Confirmed | None) -> dict[str, Fact]:
    """By name: replicates, probability to be on the front, standard errors, confirmed values.

    Args:
        candidate: candidate of the run.
        confirmed: its fresh trainings; None where there are none.
    """
    return dict(_facts(candidate, confirmed))


def _facts(candidate: Candidate, confirmed: Confirmed | None) -> Iterator[tuple[str, Fact]]:
    yield "replicates", candidate.replicates
    yield "collapsed", candidate.collapsed
    yield "on front", candidate.on_front
    if candidate.p_front is not None:
        yield "P front", candidate.p_front
    for name, error in candidate.errors.items():
        if error is not None:
            yield f"standard error {name}", error
    for word, reason in (("failure", candidate.failure), ("left out", candidate.left_out)):
        if reason is not None:
            yield word, reason
    if confirmed is None:
        return
    yield "confirmations", confirmed.replicates
    for name, mean in confirmed.means.items():
        yield f"confirmed {name}", mean
        error = confirmed.errors.get(name)
        if error is not None:
            yield f"confirmed standard error {name}", error
