"""Indicators computed by hand, and laws that they obey."""

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.benchmarking.indicators import (
    area_under_course,
    attainment_surface,
    front_of,
    hypervolume_course,
    igd_plus,
)
from evonas.search.pareto import Normaliser, Vector

UNIT = Normaliser((0.0, 0.0), (1.0, 1.0))
points = st.tuples(*[st.integers(0, 5).map(float)] * 2)


@given(vectors=st.lists(st.one_of(st.none(), points), min_size=1, max_size=10))
def test_hypervolume_course_accumulates_all_vectors_so_far(vectors: list[Vector | None]) -> None:
    normaliser = Normaliser((0.0, 0.0), (4.0, 5.0))
    trajectory = hypervolume_course(vectors, normaliser=normaliser)
    assert trajectory == [normaliser.hypervolume(vectors[: n + 1]) for n in range(len(vectors))]
    assert trajectory == sorted(trajectory)


def test_igd_plus_matches_hand_computation() -> None:
    reference = [(0.0, 1.0), (1.0, 0.0)]
    # only shortfalls count: (0.5, 0.5) is 0.5 short of each end in one objective
    found = [(0.5, 0.5)]
    assert igd_plus(found, reference_front=reference, normaliser=UNIT) == pytest.approx(0.5)
    # beyond the reference in one objective, 0.3 behind in the other; the second end is attained
    found = [(0.3, 0.0)]
    assert igd_plus(found, reference_front=reference, normaliser=UNIT) == pytest.approx(0.15)
    assert igd_plus(reference, reference_front=reference, normaliser=UNIT) == 0
    assert igd_plus([None], reference_front=reference, normaliser=UNIT) == math.inf


@given(found=st.lists(points, min_size=1, max_size=6), more=st.lists(points, max_size=4))
def test_igd_plus_matches_definition_and_never_grows_with_points(
    found: list[Vector], more: list[Vector]
) -> None:
    reference = [(0.0, 4.0), (1.0, 1.0), (5.0, 0.0)]
    literal = sum(
        min(math.dist((0, 0), [max(a - r, 0) for a, r in zip(v, z, strict=True)]) for v in found)
        for z in reference
    ) / len(reference)
    told = igd_plus(found, reference_front=reference, normaliser=UNIT)
    assert told == pytest.approx(literal)
    assert igd_plus(found + more, reference_front=reference, normaliser=UNIT) <= told + 1e-12


def test_area_under_course_uses_logarithm_of_evaluations() -> None:
    # 0 until 10 evaluations, 1 until 100: half of the logarithm each
    assert area_under_course([1, 10, 100], [0.0, 1.0, 5.0]) == pytest.approx(0.5)
    assert area_under_course([1, 10, 1000], [0.0, 1.0, 5.0]) == pytest.approx(2 / 3)
    assert area_under_course([7], [0.25]) == 0.25
    assert area_under_course([50, 100, 200], [0.3, 0.3, 0.3]) == pytest.approx(0.3)


def test_attainment_surfaces_match_hand_computation() -> None:
    fronts: list[list[Vector]] = [[(0.0, 2.0)], [(1.0, 1.0)], [(2.0, 0.0)]]
    # two of three attain (1, 2): the first and the second; likewise (2, 1)
    assert attainment_surface(fronts) == [(1.0, 2.0), (2.0, 1.0)]
    assert attainment_surface(fronts, share=1.0) == [(2.0, 2.0)]
    assert attainment_surface(fronts, share=0.01) == [(0.0, 2.0), (1.0, 1.0), (2.0, 0.0)]
    assert attainment_surface(fronts[:1]) == [(0.0, 2.0)]


def test_run_without_success_attains_nothing() -> None:
    one: list[Vector] = [(0.0, 1.0)]
    assert attainment_surface([one, []]) == [(0.0, 1.0)]  # half of the runs
    assert attainment_surface([one, [], []]) == []
    assert attainment_surface([[], []]) == []
    assert attainment_surface([one, [(1.0, 0.0)], []]) == [(1.0, 1.0)]
    three: list[list[Vector]] = [[(0.0, 2.0)], [(1.0, 1.0)], [(2.0, 0.0)]]
    assert attainment_surface([*three, [], []]) == [(2.0, 2.0)]  # half of five are three


@settings(max_examples=60, deadline=None)
@given(
    fronts=st.lists(st.lists(points, min_size=1, max_size=4), min_size=1, max_size=5),
    share=st.sampled_from([0.2, 0.5, 0.75, 1.0]),
)
def test_attainment_surface_bounds_what_the_share_attains(
    fronts: list[list[Vector]], share: float
) -> None:
    surface = attainment_surface([front_of(front) for front in fronts], share=share)
    for x, y in product(range(7), repeat=2):
        attained = sum(any(a <= x and b <= y for a, b in front) for front in fronts)
        is_beyond = any(a <= x and b <= y for a, b in surface)
        assert is_beyond == (attained >= share * len(fronts) - 1e-9)
