"""Probabilities of being on the front, in closed form and by enumeration; allocation."""

import math
from itertools import product

import numpy as np
import pytest

from evonas.search.pareto import non_dominated
from evonas.search.replicates.allocation import allocate
from evonas.search.replicates.estimate import Estimate, returned_front
from evonas.search.replicates.front_probability import front_probability, p_front
from evonas.space import Genome


def test_front_probability_with_one_objective_matches_closed_form() -> None:
    means, variances = np.array([[0.0], [0.7]]), np.array([[1.0], [0.5]])
    found = front_probability(means, variances, generator=np.random.default_rng(1), draws=20_000)
    first = 0.5 * (1.0 + math.erf(0.7 / math.sqrt(1.5) / math.sqrt(2.0)))
    assert found == pytest.approx([first, 1.0 - first], abs=4 * 0.5 / 20_000**0.5)


def test_front_probability_with_two_objectives_matches_closed_form() -> None:
    means, variances = np.array([[0.0, 0.0], [0.5, -0.5]]), np.ones((2, 2))
    found = front_probability(means, variances, generator=np.random.default_rng(1), draws=20_000)

    # the second dominates the first if it is smaller in both: two independent events
    def below(x: float) -> float:
        return 0.5 * (1.0 + math.erf(x / 2.0))  # of a difference with variance 2

    assert found[0] == pytest.approx(1.0 - below(-0.5) * below(0.5), abs=0.015)
    assert found[1] == pytest.approx(1.0 - below(0.5) * below(-0.5), abs=0.015)


def test_front_probability_without_noise_matches_enumeration() -> None:
    # with zero variance every draw is the mean, so each case has a known front
    generator = np.random.default_rng(0)
    for shifts in product((0.0, 1.0), repeat=4):
        means = np.array([[0.5, 0.6], [shifts[0], shifts[1]], [shifts[2], shifts[3]]])
        expected = non_dominated([tuple(mean) for mean in means.tolist()])
        found = front_probability(means, np.zeros((3, 2)), generator=generator, draws=4)
        assert found.tolist() == [float(each) for each in expected]


def test_front_probability_is_reproducible_with_equal_generators() -> None:
    means, variances = np.random.default_rng(2).normal(size=(9, 2)), np.ones((9, 2))
    runs = [
        front_probability(means, variances, generator=np.random.default_rng(7)).tolist()
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert (
        front_probability(means[:0], variances[:0], generator=np.random.default_rng(7)).size == 0
    )


def test_replicates_are_allocated_to_the_most_doubtful_candidates() -> None:
    doubts = np.array([1.0, 0.5, 0.9, 0.0])
    # worth by hand: .25 / n and .09 / n; .25, .125, .09, .0833
    assert allocate(doubts, np.array([1, 1, 1, 1]), count=4) == [1, 1, 2, 1]
    assert allocate(doubts, np.array([1, 5, 1, 1]), count=1) == [2]


def test_no_replicates_are_allocated_without_doubt_about_the_front() -> None:
    assert allocate(np.array([1.0, 0.0]), np.array([1, 1]), count=3) == []
    assert allocate(np.zeros(0), np.zeros(0, dtype=int), count=3) == []


def test_returned_front_is_computed_from_means() -> None:
    def estimate(name: int, *mean: float) -> Estimate:
        return Estimate(Genome((name,)), mean or None, None, 1, 0, 0.0 if mean else math.inf, True)

    told = [estimate(0, 1.0, 2.0), estimate(1), estimate(2, 2.0, 3.0), estimate(3, 2.0, 1.0)]
    assert [each.genome.values[0] for each in returned_front(told)] == [0, 3]
    assert returned_front([]) == []


def test_p_front_is_zero_without_mean_and_one_without_error() -> None:
    told = [
        Estimate(Genome((0,)), (1.0,), (1.0,), 2, 0, 0.0, True),
        Estimate(Genome((1,)), None, None, 0, 1, math.inf, True),
        Estimate(Genome((2,)), (1.0,), (1.0,), 2, 0, 0.0, True),
    ]
    first, failed, second = p_front(told, seed=3)
    assert failed == 0.0
    assert first + second == pytest.approx(1.0)
    assert first == pytest.approx(0.5, abs=0.13)
    assert p_front(told, seed=3) == [first, failed, second]
    alone = [Estimate(Genome((0,)), (1.0, 2.0), None, 1, 0, 0.0, True)]
    assert p_front(alone, seed=3) == [1.0]
    assert p_front([], seed=3) == []
