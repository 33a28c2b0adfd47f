"""Oracles: DEAP's own strategy, a bowl with a known minimum, untouched global generators."""

import random

import numpy as np
import pytest
from deap import cma
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from evonas.search.supernet_guided.evolution_strategy import (
    MAX_FULL_DIMENSION,
    SIGMA_RANGE,
    EvolutionStrategy,
)

CENTRE = np.array([0.7, -0.3, 0.2])


def bowl(point: NDArray[np.float64], *, centre: NDArray[np.float64] = CENTRE) -> float:
    return float(((point - centre) ** 2 * np.arange(1, len(centre) + 1)).sum())


def run(strategy: EvolutionStrategy, *, generations: int) -> float:
    best = np.inf
    for _ in range(generations):
        points = strategy.samples()
        values = [bowl(point) for point in points]
        strategy.learn(points, values)
        best = min(best, *values)
    return best


def test_samples_match_deap_strategy() -> None:
    ours = EvolutionStrategy(3, sigma=0.5, num_samples=8, seed=4)
    theirs = cma.Strategy(np.zeros(3), 0.5, lambda_=8)

    class Individual(np.ndarray):
        pass

    foreign = np.random.get_state()
    np.random.seed(4)
    try:
        for _ in range(5):
            points = theirs.generate(lambda row: np.array(row).view(Individual))
            mine = ours.samples()
            assert np.allclose(mine, points)
            for point in points:
                point.fitness = -bowl(point)
            theirs.update(points)
            ours.learn(mine, [bowl(point) for point in mine])
    finally:
        np.random.set_state(foreign)


def test_global_generators_are_unchanged() -> None:
    strategy = EvolutionStrategy(3, sigma=0.5, num_samples=8, seed=4)
    before, also = repr(np.random.get_state()), random.getstate()
    strategy.samples()
    assert repr(np.random.get_state()) == before
    assert random.getstate() == also


def test_generations_differ_and_equal_seeds_give_equal_samples() -> None:
    one, other = (EvolutionStrategy(3, sigma=0.5, num_samples=8, seed=4) for _ in range(2))
    first = one.samples()
    assert np.array_equal(first, other.samples())
    np.random.standard_normal(7)  # foreign use in between changes nothing
    second = one.samples()
    assert not np.array_equal(first, second)
    assert np.array_equal(second, other.samples())


def test_samples_do_not_depend_on_the_number_of_threads() -> None:
    centres = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            strategy = EvolutionStrategy(180, sigma=1.0, num_samples=12, seed=3)
            for _ in range(6):
                points = strategy.samples()
                strategy.learn(points, [float(point @ point) for point in points])
        centres.append(strategy.centre)
    assert np.array_equal(centres[0], centres[1])


def test_strategy_finds_minimum_of_a_bowl() -> None:
    assert run(EvolutionStrategy(3, sigma=0.5, num_samples=8, seed=0), generations=40) < 1e-2


def test_moving_the_mean_keeps_learned_deviations() -> None:
    strategy = EvolutionStrategy(3, sigma=0.5, num_samples=12, seed=0)
    run(strategy, generations=15)
    deviations = strategy.deviations
    assert deviations[0] > deviations[2]  # the bowl is steepest along the last axis
    strategy.move_to(np.array([5.0, 5.0, 5.0]))
    assert np.array_equal(strategy.deviations, deviations)
    middle = np.mean([strategy.samples() for _ in range(200)], axis=(0, 1))
    assert middle == pytest.approx([5.0, 5.0, 5.0], abs=0.1)


def test_step_size_stays_in_range() -> None:
    strategy = EvolutionStrategy(3, sigma=0.5, num_samples=8, seed=0)
    run(strategy, generations=200)
    assert strategy.sigma == pytest.approx(0.5 / SIGMA_RANGE)


def test_only_variances_are_learned_in_many_dimensions() -> None:
    dimension = MAX_FULL_DIMENSION + 1
    strategy = EvolutionStrategy(dimension, sigma=0.5, num_samples=10, seed=0)
    steep = np.ones(dimension)
    steep[:5] = 30.0
    for _ in range(60):
        points = strategy.samples()
        strategy.learn(points, [float((point**2 * steep).sum()) for point in points])
    assert strategy.deviations[:5].mean() < 0.95 * strategy.deviations[5:].mean()
    samples = np.array([strategy.samples() for _ in range(100)]).reshape(-1, dimension)
    found = np.corrcoef(samples[:, :8].T) - np.eye(8)
    assert np.abs(found).max() < 0.15
