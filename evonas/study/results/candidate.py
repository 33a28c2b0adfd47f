"""A candidate with all of its trainings: what is believed of it, and how well that is known."""

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
        trainings: one at least, in the order of replicates; of each the last result.
        values: by objective, what is believed of it: what the front is taken from. Beside the
            objectives of the study there is what else was measured, as plain means.
        means: the same as plain means over the trainings that count.
        noise: by objective of the study, the standard error of the value that comes from training;
            None where nothing is known of it, as no candidate was trained twice.
        errors: the same with the error of a finite number of images, which is the same for all
            candidates and so plays no part where two are compared. What is measured by repeats has
            an error though nothing is known of training.
        collapsed: how many trainings failed, or learned next to nothing while others did.
        failure: the reason, for one that failed; else None.
        violation: how far it is outside the constraints, 0 if it keeps to them.
        left_out: why it is on no front though it did not fail; else None.
        p_front: the probability that no other candidate dominates it; None where the noise is not
            known.
        is_settled: whether it was trained often enough to be returned.
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
        """Of its canonical form."""
        return self.trainings[0].key

    @property
    def genome(self) -> str:
        """Its readable text."""
        return self.trainings[0].genome

    @property
    def replicates(self) -> int:
        """How often it was trained, in part or in full, collapsed trainings included."""
        return len(self.trainings)

    @property
    def seconds(self) -> float:
        """Of wall clock, of all trainings."""
        return math.fsum(training.seconds for training in self.trainings)

    @property
    def contends(self) -> bool:
        """Whether it can be on a front: trained and measured in full, within all constraints."""
        return self.failure is None and self.left_out is None

    @cached_property
    def representative(self) -> Evaluation:
        """The training whose weights stand for it: the first that counts."""
        return counted(self.trainings)[0]


def counted(trainings: Sequence[Evaluation]) -> list[Evaluation]:
    """The trainings of one candidate that its values are means of; all, where there is none.

    These are whole ones if there are any, without those that failed or collapsed.
    """
    whole = [training for training in trainings if is_whole(training)] or list(trainings)
    return healthy(whole) or whole


def candidates_of(
    trainings: Iterable[Evaluation],
    standings: Mapping[str, Standing],
    *,
    objectives: Sequence[str],
) -> list[Candidate]:
    """All candidates of a study, in the order of asking.

    Args:
        trainings: all that have a result.
        standings: standings of the same, by key.
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
    """Those that are returned, sorted by the first objective, best first."""
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
    """Why a candidate failed, and why it is on no front."""
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
