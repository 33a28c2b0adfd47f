"""Fronts, hypervolumes and best values compared with hand computation."""

import math
from dataclasses import replace

import pytest

from evonas.evaluation.objectives import Objective
from evonas.evaluation.record import Evaluation
from evonas.study.results import progress, vectors
from evonas.study.results.candidate import candidates_of, front
from evonas.study.results.progress import archive_hypervolume, best
from evonas.study.results.standing import plain_standings
from evonas.study.results.vectors import vector
from tests.small_run import SMALL_RUN, changed


def told(key: str, failure: str | None = None, **values: float) -> Evaluation:
    return valued(key, values, failure)


def valued(key: str, values: dict[str, float], failure: str | None = None) -> Evaluation:
    return Evaluation(key, key, values, {}, (), 1, 0.0, 0, failure)


GOOD = told("good", acc=0.9, params=100.0)
SMALL = told("small", acc=0.5, params=10.0)
WORSE = told("worse", acc=0.4, params=50.0)
LOST = told("lost", "diverged: at once", params=1.0)
PAIR = ("acc", "params")


def test_only_maximised_objectives_change_sign() -> None:
    assert vector(GOOD, PAIR) == (-0.9, 100.0)
    assert vector(LOST, ("params",)) is None


def test_search_sees_bound_of_gated_objective_even_if_measured() -> None:
    pair = ("acc", "robust")
    skipped = replace(told("a", acc=0.9), bounds={"robust": 0.7})
    measured = replace(told("a", acc=0.9, robust=0.4), bounds={"robust": 0.7})
    assert vectors.told(skipped, pair) == vectors.told(measured, pair) == ((-0.9, -0.7), 0.0)


def test_search_sees_violation_of_infeasible_and_infinity_for_failure() -> None:
    outside = replace(GOOD, violation=0.3, left_out="outside params<=50 (100)")
    measured, _ = vectors.told(GOOD, PAIR)
    assert vectors.told(outside, PAIR) == (measured, 0.3)
    unmeasured = replace(outside, values={"params": GOOD.values["params"]})
    assert vectors.told(unmeasured, PAIR) == (None, 0.3)
    assert vectors.told(LOST, PAIR) == (None, math.inf)
    half_way = replace(GOOD, left_out="stopped after 1 of 3 epochs")
    assert vectors.told(half_way, PAIR) == ((-0.9, 100.0), 0.0)


def keys_on_front(trainings: list[Evaluation], objectives: tuple[str, ...]) -> list[str]:
    found = plain_standings(trainings, changed(SMALL_RUN, objectives=objectives))
    candidates = candidates_of(trainings, found, objectives=objectives)
    return [candidate.key for candidate in front(candidates, objectives)]


def test_front_excludes_dominated_and_is_sorted_by_first_objective() -> None:
    assert keys_on_front([WORSE, SMALL, LOST, GOOD], PAIR) == ["good", "small"]
    assert keys_on_front([LOST], PAIR) == []


def test_bounded_objective_uses_worst_value_as_reference() -> None:
    volume = archive_hypervolume([SMALL], ("acc",), reference_generation=[SMALL])
    assert volume == pytest.approx(0.5)


def test_equal_candidates_on_front_are_sorted_by_key() -> None:
    pair = [told("b", acc=0.5), told("a", acc=0.5)]
    assert keys_on_front(pair, ("acc",)) == ["a", "b"]


def test_best_is_per_objective_and_ignores_failures() -> None:
    assert best([GOOD, SMALL, LOST], PAIR) == {"acc": 0.9, "params": 10.0}
    assert best([LOST], PAIR) == {}


def test_hypervolume_matches_hand_computation() -> None:
    # params: reference 1.1 x 100; the two rectangles overlap in 0.5 x (110 - 100) / 110
    expected = 0.9 * (10 / 110) + 0.5 * (100 / 110) - 0.5 * (10 / 110)
    volume = archive_hypervolume([GOOD, SMALL, WORSE, LOST], PAIR, reference_generation=[GOOD])
    assert volume == pytest.approx(expected)


def test_hypervolume_never_falls_as_candidates_are_added() -> None:
    first = [WORSE, SMALL]
    volumes = [
        archive_hypervolume(archive, PAIR, reference_generation=first)
        for archive in ([WORSE], first, [*first, LOST], [*first, LOST, GOOD])
    ]
    known = [volume for volume in volumes if volume is not None]
    assert len(known) == 4
    assert known == sorted(known)


def test_first_generation_of_failures_gives_no_hypervolume() -> None:
    assert archive_hypervolume([GOOD], PAIR, reference_generation=[LOST]) is None


def volume(name: str, value: float, *first: float) -> float:
    found = archive_hypervolume(
        [valued("a", {name: value})], (name,),
        reference_generation=[valued(str(each), {name: each}) for each in first],
    )  # fmt: skip
    assert found is not None
    return found


def test_bounded_minimised_objective_counts_from_worst_value() -> None:
    assert volume("ece", 0.1, 0.3) == pytest.approx(0.9)


def test_unbounded_objective_is_scaled_by_first_generation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = Objective("m:gain", "x", "maximise", "free", "", None, lambda _: 0.0)
    for module in (progress, vectors):
        monkeypatch.setattr(module, "OBJECTIVES", {"m:gain": own})
    # from 4, the best of the first generation, to a tenth of 4 - 2 below its worst
    assert volume("m:gain", 3.0, 2.0, 4.0) == pytest.approx((3.0 - 1.8) / 2.2)
    assert volume("m:gain", 3.0, 3.0) == pytest.approx(1.0)  # for equal values: one unit below
