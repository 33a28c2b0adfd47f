"""Facts about a candidate that mirrors store in addition to the values of its objectives."""

from collections.abc import Iterator

from evonas.study.results.candidate import Candidate
from evonas.study.results.confirmed import Confirmed

Fact = str | int | float | bool


def facts_of(candidate: Candidate, confirmed: Confirmed | None) -> dict[str, Fact]:
    """Facts by name: replicates, probability of being on the front, errors, confirmed values.

    Args:
        candidate: a candidate of the run.
        confirmed: results of its confirmations; None if there are none.
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
