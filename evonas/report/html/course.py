"""Compute the hypervolume of runs over trainings and over time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evonas.report.html.gathering import RunData
from evonas.search.pareto import Vector
from evonas.study.results.candidate import Candidate
from evonas.study.results.progress import archive_hypervolume
from evonas.study.results.trainings import trained
from evonas.study.results.vectors import vector


@dataclass(frozen=True)
class Course:
    """Hypervolume of one run: a point for each training that increased it, and the last training.

    Attributes:
        trainings: number of trainings with a result.
        seconds: time that these trainings took, summed over all workers.
        hypervolume: hypervolume of the candidates known by then, at their current estimates.
    """

    trainings: tuple[int, ...]
    seconds: tuple[float, ...]
    hypervolume: tuple[float, ...]


def courses(runs: Sequence[RunData]) -> list[Course | None]:
    """One course for each run; runs with the same objectives share a reference.

    The reference is computed from the first generations of all these runs together, see
    :func:`evonas.study.results.progress.archive_hypervolume`. A candidate counts from the end of
    its first training.

    Args:
        runs: at least one run.

    Returns:
        For each run a course; None if its hypervolume cannot be computed yet.
    """
    first = {
        objectives: [
            candidate
            for run in runs
            if run.objectives == objectives
            for candidate in run.state.candidates[: run.state.settings.search.population]
        ]
        for objectives in {run.objectives for run in runs}
    }
    return [_course(run, reference=first[run.objectives]) for run in runs]


def _course(run: RunData, *, reference: Sequence[Candidate]) -> Course | None:
    if all(candidate.failure is not None for candidate in reference):
        return None
    done = trained(run.state.evaluations)
    by_key = {candidate.key: candidate for candidate in run.state.candidates}
    seconds, archive, seen = 0.0, list[Candidate](), set[str]()
    points: list[tuple[int, float, float]] = []
    for number, training in enumerate(done, start=1):
        seconds += training.seconds
        candidate = by_key[training.key]
        is_new = candidate.key not in seen
        seen.add(candidate.key)
        if is_new and candidate.contends and (kept := _with(archive, candidate, run.objectives)):
            archive = kept
            volume = archive_hypervolume(archive, run.objectives, reference_generation=reference)
            if volume is not None and math.isfinite(volume):
                points.append((number, seconds, volume))
    if not points:
        return None
    if points[-1][0] < len(done):
        points.append((len(done), seconds, points[-1][2]))
    trainings, spent, volumes = zip(*points, strict=True)
    return Course(trainings, spent, volumes)


def _with(
    archive: Sequence[Candidate], one: Candidate, objectives: Sequence[str]
) -> list[Candidate] | None:
    """The archive with the candidate added; None if another dominates or equals it."""
    mine = vector(one, objectives)
    if mine is None:
        return None
    kept = []
    for other in archive:
        theirs = vector(other, objectives)
        if theirs is None:
            continue
        if _is_as_good(theirs, mine):
            return None
        if not _is_as_good(mine, theirs):
            kept.append(other)
    return [*kept, one]


def _is_as_good(one: Vector, other: Vector) -> bool:
    """Whether ``one`` is not worse than ``other`` in any objective."""
    return all(a <= b for a, b in zip(one, other, strict=True))
