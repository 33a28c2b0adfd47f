"""Describe a run in which no candidate satisfies the constraints."""

from collections.abc import Sequence

from evonas.study.results.candidate import Candidate


def nearest(candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate with the smallest violation, if none satisfies the constraints.

    Returns:
        The earliest such candidate; None if one satisfies the constraints, or if all failed.
    """
    measured = [candidate for candidate in candidates if candidate.failure is None]
    if not measured or any(candidate.violation == 0.0 for candidate in measured):
        return None
    return min(measured, key=lambda candidate: candidate.violation)


def no_feasible_candidate(candidates: Sequence[Candidate]) -> str | None:
    """Message that no candidate satisfies the constraints, with the nearest; None if one does."""
    found = nearest(candidates)
    if found is None:
        return None
    return (
        f"no candidate is within the constraints; the closest is {found.key}: {found.left_out}\n"
        f"  {found.genome}"
    )
