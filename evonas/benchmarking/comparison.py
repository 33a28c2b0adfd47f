"""Compare groups of runs: scores of each run, intervals, and tests for each pair of groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from evonas.benchmarking.indicators import (
    MAX_ATTAINMENT_OBJECTIVES,
    area_under_course,
    attainment_surface,
    front_of,
    hypervolume_course,
    igd_plus,
)
from evonas.benchmarking.scores import BenchScore
from evonas.benchmarking.statistics import bootstrap_interval, holm, mann_whitney, superiority
from evonas.benchmarking.trajectory import Trajectory
from evonas.errors import ConfigError
from evonas.search.pareto import Normaliser, Vector

SMALLER_IS_BETTER = ("igd_plus",)


@dataclass(frozen=True)
class RunScores:
    """Scores of one run.

    Attributes:
        label: label of its group.
        name: name of the run.
        evaluations: numbers of evaluations at which ``trajectory`` was taken, increasing.
        trajectory: hypervolume, share of it, or a reported value.
        measures: tested measures by name: at the last evaluation, and over the whole run.
        seconds: cumulative time of the evaluations; None for a bench.
    """

    label: str
    name: str
    evaluations: tuple[int, ...]
    trajectory: tuple[float, ...]
    measures: dict[str, float]
    seconds: tuple[float, ...] | None = None


@dataclass(frozen=True)
class GroupSummary:
    """Mean of a measure over the runs of a group, with a bootstrap interval."""

    group: str
    measure: str
    num_runs: int
    mean: float
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class PairTest:
    """Comparison of two groups in one measure.

    Attributes:
        measure: name of the measure.
        first: label of one group.
        second: label of the other group.
        difference: difference of the means, first minus second.
        superiority: A12, the probability that a run of the first group is better; for values of a
            table, whose direction a bench does not record, that it is larger.
        p: p value of Mann and Whitney's test.
        p_holm: p value adjusted for all pairs of this measure.
    """

    measure: str
    first: str
    second: str
    difference: float
    superiority: float
    p: float
    p_holm: float


@dataclass(frozen=True)
class Comparison:
    """All results of a comparison.

    Attributes:
        score: measure of the trajectories: ``hypervolume``, ``hv_share`` or ``value``.
        runs: scores of the runs, in the order given.
        normaliser: normaliser of the vectors; None for a bench.
        surfaces: median attainment surface by label, to be minimised; empty for a bench, and for
            more objectives than are supported here.
        fronts: fronts of the runs, by label.
    """

    score: str
    runs: tuple[RunScores, ...]
    normaliser: Normaliser | None
    surfaces: Mapping[str, list[Vector]]
    fronts: Mapping[str, list[list[Vector]]]

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the groups, in the order of their first runs."""
        return tuple(dict.fromkeys(run.label for run in self.runs))

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures of each run."""
        return tuple(self.runs[0].measures)

    def values(self, label: str, measure: str) -> list[float]:
        """Return one measure for all runs of a group."""
        return [run.measures[measure] for run in self.runs if run.label == label]

    def summaries(self) -> list[GroupSummary]:
        """Return mean, median and interval for each measure and group."""
        rows = []
        for measure in self.measures:
            for label in self.labels:
                values = self.values(label, measure)
                low, high = bootstrap_interval(values)
                mean, median = float(np.mean(values)), float(np.median(values))
                rows.append(GroupSummary(label, measure, len(values), mean, median, low, high))
        return rows

    def tests(self) -> list[PairTest]:
        """Test all pairs of groups in each measure, with p values adjusted over the pairs."""
        return [test for measure in self.measures for test in self._tests(measure)]

    def _tests(self, measure: str) -> list[PairTest]:
        pairs = list(combinations(self.labels, 2))
        samples = [(self.values(a, measure), self.values(b, measure)) for a, b in pairs]
        p_values = [mann_whitney(one, other) for one, other in samples]
        sign = -1.0 if measure in SMALLER_IS_BETTER else 1.0
        return [
            PairTest(
                measure,
                *pair,
                difference=float(np.mean(one)) - float(np.mean(other)),
                superiority=superiority([sign * v for v in one], [sign * v for v in other]),
                p=p,
                p_holm=adjusted,
            )
            for pair, (one, other), p, adjusted in zip(
                pairs, samples, p_values, holm(p_values), strict=True
            )
        ]


def compare_courses(
    trajectories: Sequence[Trajectory], *, reference: Sequence[Vector] | None = None
) -> Comparison:
    """Compare runs, each up to the number of evaluations of the shortest.

    Args:
        trajectories: runs with their groups.
        reference: front for normalisation and distances. If None, distances are to the front of
            all runs together, and the ideal and nadir are those of the fronts of all runs. In an
            objective in which the reference has no extent, such as a front of a single point, the
            ideal and nadir are those of the reference and the runs together.

    Raises:
        ConfigError: no run has a candidate that could be on a front.
    """
    length = min(len(trajectory.vectors) for trajectory in trajectories)
    union = front_of([vector for trajectory in trajectories for vector in trajectory.vectors])
    front = list(reference) if reference is not None else union
    if not front:
        reasons = dict.fromkeys(t.nothing_on_front or "nothing" for t in trajectories)
        raise ConfigError(f"runs: there is nothing to compare: {'; '.join(reasons)}")
    own = [front_of(trajectory.vectors[:length]) for trajectory in trajectories]
    # normalised by the nadir of one short front, most runs would have no hypervolume
    everything = Normaliser.fit(list(chain(front, *own)))
    normaliser = everything if reference is None else _normaliser(front, everything)
    runs = [_scores(trajectory, length, front, normaliser) for trajectory in trajectories]
    fronts: dict[str, list[list[Vector]]] = {}
    for trajectory, its in zip(trajectories, own, strict=True):
        fronts.setdefault(trajectory.label, []).append(its)
    is_drawn = 2 <= len(front[0]) <= MAX_ATTAINMENT_OBJECTIVES
    surfaces = {label: attainment_surface(f) for label, f in fronts.items()} if is_drawn else {}
    return Comparison("hypervolume", tuple(runs), normaliser, surfaces, fronts)


def _normaliser(reference: Sequence[Vector], everything: Normaliser) -> Normaliser:
    """Return the ideal and nadir of the reference, or of everything where these coincide.

    Without an extent, the scale would be one unit, which is meaningless for numbers of parameters.
    """
    own = Normaliser.fit(reference)
    has_extent = [low < high for low, high in zip(own.ideal, own.nadir, strict=True)]
    ideal, nadir = (
        tuple(
            mine if is_wide else of_all
            for mine, of_all, is_wide in zip(*pair, has_extent, strict=True)
        )
        for pair in ((own.ideal, everything.ideal), (own.nadir, everything.nadir))
    )
    return Normaliser(ideal, nadir)


def _scores(
    trajectory: Trajectory, length: int, front: Sequence[Vector], normaliser: Normaliser
) -> RunScores:
    vectors = trajectory.vectors[:length]
    evaluations = tuple(range(1, length + 1))
    volumes = hypervolume_course(vectors, normaliser=normaliser)
    measures = {
        "hypervolume": volumes[-1],
        "igd_plus": igd_plus(vectors, reference_front=front, normaliser=normaliser),
        "auc": area_under_course(evaluations, volumes),
    }
    return RunScores(
        trajectory.label,
        trajectory.name,
        evaluations,
        tuple(volumes),
        measures,
        trajectory.seconds[:length],
    )


def compare_records(records: Mapping[str, Sequence[BenchScore]]) -> Comparison:
    """Compare benches.

    Args:
        records: scores by file name; an algorithm that occurs in several files is labelled with
            its file, too.

    Raises:
        ConfigError: the files have different measures or checkpoints, a score is missing, or
            there are no records.
    """
    told = [(file, record) for file, some in records.items() for record in some]
    if not told:
        raise ConfigError("benches: expected at least one record, got none")
    if len(scores := {record.measure for _, record in told}) > 1:
        raise ConfigError(f"benches: {' and '.join(sorted(scores))} cannot be compared")
    files_of: dict[str, set[str]] = {}
    for file, record in told:
        files_of.setdefault(record.algorithm, set()).add(file)
    runs: dict[tuple[str, int], list[BenchScore]] = {}
    for file, record in told:
        is_alone = len(files_of[record.algorithm]) == 1
        label = record.algorithm if is_alone else f"{record.algorithm} ({file})"
        runs.setdefault((label, record.seed), []).append(record)
    (score,) = scores
    found = tuple(_bench_scores(label, seed, some) for (label, seed), some in runs.items())
    for run in found:
        if run.evaluations != found[0].evaluations:
            raise ConfigError(
                f"benches: checkpoints {found[0].evaluations} of {found[0].label} and "
                f"{run.evaluations} of {run.label}, seed {run.name}, cannot be compared"
            )
    return Comparison(score, found, None, {}, {})


def _bench_scores(label: str, seed: int, records: Sequence[BenchScore]) -> RunScores:
    ordered = sorted(records, key=lambda record: record.evaluations)
    evaluations = tuple(record.evaluations for record in ordered)
    trajectory = tuple(record.score for record in ordered if record.score is not None)
    if len(trajectory) < len(ordered) or len(set(evaluations)) < len(evaluations):
        raise ConfigError(f"benches: {label}, seed {seed}: a score is missing or given twice")
    measures = {
        f"{ordered[0].measure}@{n}": s for n, s in zip(evaluations, trajectory, strict=True)
    }
    measures["auc"] = area_under_course(evaluations, trajectory)
    return RunScores(label, str(seed), evaluations, trajectory, measures)
