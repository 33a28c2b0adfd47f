"""What to say of a run in which no candidate keeps to the constraints."""

from collections.abc import Sequence

from evonas.study.results.candidate import Candidate


def nearest(candidates: Sequence[Candidate]) -> Candidate | None:
    """Of candidates that are all outside the constraints the one that is least so.

    Returns:
        The earliest among equals; None where one is within, or where all failed.
    """
    measured = [candidate for candidate in candidates if candidate.failure is None]
    if not measured or any(candidate.violation == 0.0 for candidate in measured):
        return None
    return min(measured, key=lambda candidate: candidate.violation)


def nothing_within(candidates: Sequence[Candidate]) -> str | None:
    """That no candidate is within the constraints, and which one is nearest; None if one is."""
    found = nearest(candidates)
    if found is None:
        return None
    return (
        f"no candidate is within the constraints; the closest is {found.key}: {found.left_out}\n"
        f"  {found.genome}"
    )
