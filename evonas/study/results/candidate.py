"""A candidate with all its trainings: posterior means and their uncertainty."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.search.pareto import non_dominated
from evonas.study.results.standing import Standing
from evonas.study.results.trainings import by_candidate, error_of_mean, healthy, is_whole
from evonas.study.results.vectors import vector


@dataclass(frozen=True)
class Candidate:
    """One network of a study.

    Attributes:
        trainings: the last result of each, at least one, ordered by replicate.
        values: posterior mean by objective, from which the front is taken; other measured
            objectives as plain means.
        means: plain means over the trainings that count.
        noise: by objective of the study, the standard error due to training; None if unknown
            because no candidate was trained twice.
        errors: standard errors that also include the finite number of images. That part is common
            to all candidates, so it plays no role in comparisons. Objectives measured by repeats
            have an error even if the training noise is unknown.
        collapsed: number of trainings that failed, or learned next to nothing while others did.
        failure: the reason if the candidate failed; otherwise None.
        violation: constraint violation, 0 if feasible.
        left_out: why it is not eligible for the front although it did not fail; otherwise None.
        p_front: probability that no other candidate dominates it; None if the noise is unknown.
        is_settled: whether it has enough replicates to be returned.
        on_front: whether it is returned.
    """

    trainings: tuple[Evaluation, ...]
    values: Mapping[str, float]
    means: Mapping[str, float]
    noise: Mapping[str, float | None]
    errors: Mapping[str, float | None]
    collapsed: int
    failure: str | None
    violation: float
    left_out: str | None
    p_front: float | None
    is_settled: bool
    on_front: bool

    @property
    def key(self) -> str:
        """The key of its canonical form."""
        return self.trainings[0].key

    @property
    def genome(self) -> str:
        """The genome as text."""
        return self.trainings[0].genome

    @property
    def replicates(self) -> int:
        """Number of trainings, partial and collapsed ones included."""
        return len(self.trainings)

    @property
    def seconds(self) -> float:
        """Wall-clock time of all trainings."""
        return math.fsum(training.seconds for training in self.trainings)

    @property
    def contends(self) -> bool:
        """Whether it is eligible for the front: fully trained and measured, and feasible."""
        return self.failure is None and self.left_out is None

    @cached_property
    def representative(self) -> Evaluation:
        """The training whose weights are kept; see :func:`representative_of`."""
        return representative_of(self.trainings)


def counted(trainings: Sequence[Evaluation]) -> list[Evaluation]:
    """The trainings over which a candidate's values are averaged; all if none qualifies.

    These are complete trainings if there are any, without failed or collapsed ones.
    """
    whole = [training for training in trainings if is_whole(training)] or list(trainings)
    return healthy(whole) or whole


def representative_of(trainings: Sequence[Evaluation]) -> Evaluation:
    """The first training that counts; the first within the constraints, if any is."""
    used = counted(trainings)
    return next((training for training in used if training.contends), used[0])


def candidates_of(
    trainings: Iterable[Evaluation],
    standings: Mapping[str, Standing],
    *,
    objectives: Sequence[str],
) -> list[Candidate]:
    """All candidates of a study, in the order of requests.

    Args:
        trainings: all finished trainings.
        standings: their standings, by key.
        objectives: objectives of the study.
    """
    grouped = by_candidate(trainings)
    vectors = {
        key: standing.mean
        for key, standing in standings.items()
        if standing.mean is not None and all(map(is_whole, counted(grouped[key])))
    }
    settled = [key for key in vectors if standings[key].is_settled] or list(vectors)
    kept = non_dominated([vectors[key] for key in settled])
    on_front = {key for key, is_kept in zip(settled, kept, strict=True) if is_kept}
    return [
        _candidate(tuple(some), standings[key], objectives, on_front=key in on_front)
        for key, some in grouped.items()
    ]


def front(candidates: Iterable[Candidate], objectives: Sequence[str]) -> list[Candidate]:
    """The returned candidates, sorted by the first objective, best first."""
    chosen = [candidate for candidate in candidates if candidate.on_front]
    return sorted(chosen, key=lambda candidate: (vector(candidate, objectives), candidate.key))


def _candidate(
    trainings: tuple[Evaluation, ...],
    standing: Standing,
    objectives: Sequence[str],
    *,
    on_front: bool,
) -> Candidate:
    used = counted(trainings)
    names = dict.fromkeys(name for training in used for name in training.values)
    means = {name: _mean([t.values[name] for t in used if name in t.values]) for name in names}
    failure, left_out = _why_not(trainings, used, standing)
    values = dict(means)
    noise: dict[str, float | None] = {}
    if standing.mean is not None and failure is None and left_out is None:
        believed = zip(objectives, standing.mean, strict=True)
        values |= {name: OBJECTIVES[name].minimised(value) for name, value in believed}
        errors = standing.standard_error or (None,) * len(objectives)
        noise = dict(zip(objectives, errors, strict=True))
    return Candidate(
        trainings=trainings,
        values=values,
        means=means,
        noise=noise,
        errors={
            name: error_of_mean(None if error is None else error**2, used, name, values[name])
            for name, error in noise.items()
        },
        collapsed=standing.collapsed,
        failure=failure,
        violation=standing.violation if math.isfinite(standing.violation) else 0.0,
        left_out=left_out,
        p_front=standing.p_front,
        is_settled=standing.is_settled,
        on_front=on_front,
    )


def _why_not(
    trainings: Sequence[Evaluation], used: Sequence[Evaluation], standing: Standing
) -> tuple[str | None, str | None]:
    """Why a candidate failed, and why it is not eligible."""
    if math.isinf(standing.violation):
        reasons = [t.failure for t in trainings if t.failure is not None]
        if len(trainings) == 1 and reasons:
            return reasons[0], None
        lost = f"{standing.collapsed} of {len(trainings)} trainings"
        why = f", as {reasons[0]}" if reasons else ""
        return f"collapsed: {lost}{why}", None
    if standing.violation or not is_whole(used[0]):
        return None, next((t.left_out for t in used if t.left_out is not None), None)
    return None, None


def _mean(values: Sequence[float]) -> float:
    return values[0] if len(values) == 1 else math.fsum(values) / len(values)
