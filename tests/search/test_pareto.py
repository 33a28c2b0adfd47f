"""Fronts and hypervolumes against their definitions."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.search.pareto import Normaliser, Vector, hypervolume, non_dominated

# few distinct values, so that ties and equal vectors are common
values = st.integers(0, 5).map(float)


def sets_of_vectors(*, max_size: int) -> st.SearchStrategy[list[Vector]]:
    return st.integers(2, 3).flatmap(
        lambda length: st.lists(st.tuples(*[values] * length), min_size=1, max_size=max_size)
    )


def dominates(one: Vector, other: Vector) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@given(vectors=sets_of_vectors(max_size=12), failed=st.sets(st.integers(0, 11)))
def test_front_matches_definition_of_dominance(vectors: list[Vector], failed: set[int]) -> None:
    told = [None if i in failed else vector for i, vector in enumerate(vectors)]
    literal = [
        one is not None and not any(other is not None and dominates(other, one) for other in told)
        for one in told
    ]
    assert non_dominated(told) == literal


@given(vectors=st.lists(st.tuples(values), min_size=1))
def test_front_of_one_objective_contains_every_minimum(vectors: list[Vector]) -> None:
    assert non_dominated(vectors) == [vector == min(vectors) for vector in vectors]


def test_front_and_hypervolume_without_success_are_empty() -> None:
    assert non_dominated([]) == []
    assert non_dominated([None, None]) == [False, False]
    assert hypervolume([], reference=(1.0, 1.0)) == 0
    assert hypervolume([None], reference=(1.0, 1.0)) == 0


def volume_by_inclusion_and_exclusion(vectors: list[Vector], *, reference: Vector) -> float:
    total = 0.0
    for size in range(1, len(vectors) + 1):
        for subset in combinations(vectors, size):
            volume = 1.0
            for worst, end in zip(map(max, zip(*subset, strict=True)), reference, strict=True):
                volume *= max(0.0, end - worst)
            total += volume if size % 2 else -volume
    return total


@settings(max_examples=60)
@given(vectors=sets_of_vectors(max_size=6))
def test_hypervolume_matches_inclusion_exclusion(vectors: list[Vector]) -> None:
    reference = (4.5, 4.0, 5.0)[: len(vectors[0])]
    expected = volume_by_inclusion_and_exclusion(vectors, reference=reference)
    assert hypervolume([None, *vectors], reference=reference) == pytest.approx(expected)


@given(vectors=sets_of_vectors(max_size=8))
def test_front_alone_has_the_full_hypervolume(vectors: list[Vector]) -> None:
    front = [vector for vector, keep in zip(vectors, non_dominated(vectors), strict=True) if keep]
    reference = (6.0,) * len(vectors[0])
    assert hypervolume(front, reference=reference) == hypervolume(vectors, reference=reference)


@given(
    vectors=sets_of_vectors(max_size=8),
    scale=st.sampled_from([0.01, 3.0, 1e6]),
    shift=st.sampled_from([-7.0, 0.0, 2.0]),
)
def test_normalised_hypervolume_does_not_depend_on_units(
    vectors: list[Vector], scale: float, shift: float
) -> None:
    if any(len(set(column)) == 1 for column in zip(*vectors, strict=True)):
        return  # without an extent there is no unit
    other = [(scale * vector[0] + shift, *vector[1:]) for vector in vectors]
    assert Normaliser.fit(vectors).hypervolume(vectors) == pytest.approx(
        Normaliser.fit(other).hypervolume(other)
    )


def test_normaliser_maps_extremes_to_zero_and_one_without_failures() -> None:
    normaliser = Normaliser.fit([(10.0, 5.0), None, (20.0, 5.0), (12.0, 5.0)])
    assert (normaliser.ideal, normaliser.nadir) == ((10.0, 5.0), (20.0, 5.0))
    assert normaliser.normalised((10.0, 5.0)) == (0.0, 0.0)
    assert normaliser.normalised((20.0, 7.0)) == (1.0, 2.0)
    with pytest.raises(ValueError, match="did not fail"):
        Normaliser.fit([None])


def test_normalised_hypervolume_uses_reference_1_1() -> None:
    normaliser = Normaliser((0.0, 10.0), (1.0, 30.0))
    assert normaliser.hypervolume([(0.0, 10.0), None]) == pytest.approx(1.1**2)
    assert normaliser.hypervolume([(1.0, 30.0)]) == pytest.approx(0.1**2)
    assert normaliser.hypervolume([(2.0, 40.0)]) == 0
