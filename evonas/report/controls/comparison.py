"""Compare a network with each of its controls, training by training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evonas.benchmarking.statistics import holm
from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.report.controls.crossed import crossed_estimate
from evonas.report.controls.paired import Estimate, flipped_signs
from evonas.study.controls.names import NETWORK, group_of
from evonas.study.results.confirmed import trained_values
from evonas.study.results.trainings import healthy

TEST = "test_"


@dataclass(frozen=True)
class Comparison:
    """Comparison with one control in one measure.

    Attributes:
        control: name of the control, or of its group.
        measure: an objective; the prefix ``test_`` means on the test part.
        members: number of members of the group; 1 for a control without a group.
        is_member: whether this is a member of a group, which is compared as a whole.
        trainings: number of trainings of all members together.
        failed: number of trainings without a value.
        collapsed: number of trainings that learned next to nothing while others did learn.
        own: estimate of the control's value without collapsed trainings; None if none is left.
        difference: network minus control, over pairs of trainings in which neither was lost; None
            for the network itself, and if there is no pair.
        pairs: number of pairs; for a group, of seeds with a pair for each member that counts.
        p_flipped: p-value of :func:`flipped_signs`; for a group, of the mean over its members.
        p_holm: p-value of the t test, adjusted by Holm for all controls of this measure.
        p_flipped_holm: ``p_flipped``, adjusted in the same way.
    """

    control: str
    measure: str
    members: int
    is_member: bool
    trainings: int
    failed: int
    collapsed: int
    own: Estimate | None
    difference: Estimate | None
    pairs: int
    p_flipped: float | None
    p_holm: float | None = None
    p_flipped_holm: float | None = None

    @property
    def advantage(self) -> float | None:
        """The difference, with its sign chosen so that positive is better for the network."""
        if self.difference is None:
            return None
        name = self.measure.removeprefix(TEST)
        return -OBJECTIVES[name].minimised(self.difference.mean)


def compare_controls(trainings: Mapping[str, Sequence[Evaluation]]) -> list[Comparison]:
    """All comparisons, measure by measure: the network, then controls, each followed by members.

    Args:
        trainings: trainings of one network and its controls, keyed by control; see
            :mod:`evonas.study.controls.reading`.
    """
    counted = {
        name: {e.replicate: trained_values(e) for e in healthy(some)}
        for name, some in trainings.items()
    }
    measures = dict.fromkeys(m for some in counted.values() for v in some.values() for m in v)
    found = []
    for measure in measures:
        values = {
            name: {k: shares[measure] for k, shares in some.items() if measure in shares}
            for name, some in counted.items()
        }
        found += _with_holm(_compare(measure, trainings, values))
    return found


def _compare(
    measure: str,
    trainings: Mapping[str, Sequence[Evaluation]],
    values: Mapping[str, Mapping[int, float]],
) -> list[Comparison]:
    groups: dict[str, list[str]] = {}
    for name in trainings:
        groups.setdefault(group_of(name), []).append(name)
    found = []
    for group, names in groups.items():
        found.append(_comparison(group, names, measure, trainings, values, is_member=False))
        if names != [group]:
            found += [
                _comparison(name, [name], measure, trainings, values, is_member=True)
                for name in names
            ]
    return found


def _comparison(
    control: str,
    names: Sequence[str],
    measure: str,
    trainings: Mapping[str, Sequence[Evaluation]],
    values: Mapping[str, Mapping[int, float]],
    *,
    is_member: bool,
) -> Comparison:
    mine = values[NETWORK]
    gaps = [{k: mine[k] - v for k, v in values[name].items() if k in mine} for name in names]
    table = [] if control == NETWORK else _complete(gaps)
    own = _complete([values[name] for name in names])
    every = [e for name in names for e in trainings[name]]
    failed = sum(e.failure is not None for e in every)
    means = [sum(column) / len(column) for column in zip(*table, strict=True)]
    return Comparison(
        control=control,
        measure=measure,
        members=len(names),
        is_member=is_member,
        trainings=len(every),
        failed=failed,
        collapsed=len(every) - failed - sum(len(healthy(trainings[name])) for name in names),
        own=crossed_estimate(own) if own else None,
        difference=crossed_estimate(table) if table else None,
        pairs=len(means),
        p_flipped=flipped_signs(means),
    )


def _complete(rows: Sequence[Mapping[int, float]]) -> list[list[float]]:
    """The values of all usable members, at the seeds that all of them have.

    A member without any value is left out. So is a member with a single value if others have more,
    because it would restrict all of them to one seed.
    """
    most = max(map(len, rows), default=0)
    kept = [row for row in rows if len(row) >= min(2, most) and row]
    seeds = [k for k in kept[0] if all(k in row for row in kept)] if kept else []
    return [[row[k] for k in sorted(seeds)] for row in kept] if seeds else []


def _with_holm(rows: Sequence[Comparison]) -> list[Comparison]:
    """Add p-values adjusted for the family of all rows that are not members of a group."""
    exact = _adjusted([None if row.is_member else row.p_flipped for row in rows])
    student = _adjusted(
        [None if row.is_member or row.difference is None else row.difference.p for row in rows]
    )
    return [
        replace(row, p_holm=t, p_flipped_holm=flipped)
        for row, t, flipped in zip(rows, student, exact, strict=True)
    ]


def _adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    known = [p for p in p_values if p is not None]
    adjusted = iter(holm(known))
    return [None if p is None else next(adjusted) for p in p_values]
