"""Intervals and tests against tables, definitions and hand-made cases."""

import math
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.benchmarking.statistics import (
    bootstrap_interval,
    holm,
    least_p,
    mann_whitney,
    superiority,
)

numbers = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=7)


def exact_p(first: list[float], second: list[float]) -> float:
    """Twice the share of all partitions of the values with a U as small, or as large."""
    pool = first + second

    def u(rows: tuple[int, ...]) -> float:
        others = [pool[i] for i in range(len(pool)) if i not in rows]
        return sum((pool[i] > other) + 0.5 * (pool[i] == other) for i in rows for other in others)

    mine = u(tuple(range(len(first))))
    ways = [u(rows) for rows in combinations(range(len(pool)), len(first))]
    tail = min(sum(way >= mine for way in ways), sum(way <= mine for way in ways))
    return min(1.0, 2.0 * tail / len(ways))


@settings(max_examples=25, deadline=None)
@given(values=st.permutations(range(9)), size=st.integers(2, 7))
def test_mann_whitney_p_matches_enumeration_of_partitions(values: list[int], size: int) -> None:
    first, second = [float(v) for v in values[:size]], [float(v) for v in values[size:]]
    assert mann_whitney(first, second) == pytest.approx(exact_p(first, second))


def test_smallest_mann_whitney_p_is_that_of_two_partitions() -> None:
    for size in (2, 3, 4, 5):
        first, second = [float(i) for i in range(size)], [float(i + size) for i in range(size)]
        assert mann_whitney(first, second) == pytest.approx(2 / comb(2 * size, size))
        assert least_p(size, size) == pytest.approx(2 / comb(2 * size, size))


@settings(max_examples=25, deadline=None)
@given(
    first=st.lists(st.integers(0, 3).map(float), min_size=1, max_size=5),
    second=st.lists(st.integers(0, 3).map(float), min_size=1, max_size=5),
)
def test_p_of_tied_samples_matches_enumeration(first: list[float], second: list[float]) -> None:
    p = mann_whitney(first, second)
    assert p == pytest.approx(exact_p(first, second))
    assert p >= least_p(len(first), len(second)) - 1e-12


def test_tied_samples_of_three_are_never_significant() -> None:
    # scipy approximates by a normal distribution here, and says 0.047
    assert mann_whitney([1.0] * 3, [0.0] * 3) == pytest.approx(0.1)
    assert mann_whitney([math.inf] * 3, [1.0, 2.0, math.inf]) == pytest.approx(0.4)


@given(values=numbers)
def test_sample_does_not_differ_from_itself(values: list[float]) -> None:
    assert mann_whitney(values, values) == pytest.approx(1.0)
    assert superiority(values, values) == pytest.approx(0.5)


@given(first=numbers, second=numbers)
def test_superiority_counts_pairs(first: list[float], second: list[float]) -> None:
    wins = sum(a > b for a in first for b in second)
    ties = sum(a == b for a in first for b in second)
    told = superiority(first, second)
    assert told == pytest.approx((wins + ties / 2) / (len(first) * len(second)))
    assert told + superiority(second, first) == pytest.approx(1.0)


def test_holm_matches_hand_computation() -> None:
    # ordered 0.01, 0.02, 0.03, 0.04 -> times 4, 3, 2, 1, never falling
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.01]) == [0.01]
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_matches_step_down_procedure(p_values: list[float]) -> None:
    level, rejected = 0.05, set()
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if (len(p_values) - rank) * p_values[i] > level:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(p_values)) if p <= level} == rejected


def test_bootstrap_interval_matches_enumeration_of_resamples() -> None:
    # of (0, 0, 1) a resample's mean is binomial: 0, 1/3, 2/3, 1 with 8, 12, 6, 1 of 27
    assert bootstrap_interval([0.0, 0.0, 1.0], coverage=0.9) == pytest.approx((0.0, 2 / 3))
    assert bootstrap_interval([0.0, 0.0, 1.0], coverage=0.95) == pytest.approx((0.0, 1.0))
    assert bootstrap_interval([4.0]) == (4.0, 4.0)


def test_bootstrap_interval_approaches_normal_and_is_reproducible() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, 400).tolist()
    low, high = bootstrap_interval(values)
    half = 1.96 * np.std(values) / 400**0.5
    assert low == pytest.approx(np.mean(values) - half, abs=0.1 * half)
    assert high == pytest.approx(np.mean(values) + half, abs=0.1 * half)
    assert (low, high) == bootstrap_interval(values)
    assert (low, high) != bootstrap_interval(values, seed=1)


@pytest.mark.filterwarnings("error")
def test_bootstrap_interval_handles_infinite_values() -> None:
    """A run without a front is infinitely far; infinities must not be interpolated."""
    assert bootstrap_interval([np.inf]) == (np.inf, np.inf)
    low, high = bootstrap_interval([0.1, np.inf, 0.1, 0.1])
    assert low == pytest.approx(0.1)
    assert high == np.inf
