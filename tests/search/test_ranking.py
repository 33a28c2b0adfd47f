"""Rank and crowding against DEAP's, and against the definition."""

import random

from deap import base, tools

from evonas.search.pareto import Vector
from evonas.search.ranking import by_rank_and_crowding, crowding


class Individual:
    """An individual as DEAP expects it."""

    def __init__(self, vector: Vector) -> None:
        self.vector = vector
        weights = (-1.0,) * len(vector)
        self.fitness = type("Fitness", (base.Fitness,), {"weights": weights})(vector)


def draw(count: int, objectives: int, *, seed: int) -> list[Vector]:
    rng = random.Random(seed)
    return [tuple(rng.random() for _ in range(objectives)) for _ in range(count)]


def test_crowding_distances_match_deap() -> None:
    for seed, objectives in enumerate((1, 2, 3, 4)):
        vectors = draw(12, objectives, seed=seed)
        theirs = list(map(Individual, vectors))
        tools.emo.assignCrowdingDist(theirs)
        # DEAP takes the mean over the objectives where the paper takes the sum
        expected = [objectives * each.fitness.crowding_dist for each in theirs]
        ours = crowding(vectors)
        assert all(abs(a - b) < 1e-12 or a == b for a, b in zip(ours, expected, strict=True))


def test_order_is_by_front_then_by_decreasing_crowding_distance() -> None:
    vectors = draw(40, 2, seed=1)
    order = by_rank_and_crowding(vectors)
    assert sorted(order) == list(range(40))
    fronts = tools.sortNondominated(list(map(Individual, vectors)), 40)
    position = 0
    for front in fronts:
        members = order[position : position + len(front)]
        assert {vectors[i] for i in members} == {each.vector for each in front}
        distances = crowding([vectors[i] for i in sorted(members)])
        by_index = dict(zip(sorted(members), distances, strict=True))
        found = [by_index[i] for i in members]
        assert found == sorted(found, reverse=True)
        position += len(front)


def test_ties_keep_their_order() -> None:
    assert by_rank_and_crowding([(1.0, 1.0)] * 4) == [0, 3, 1, 2]  # the ends of a front first
    assert by_rank_and_crowding([(2.0,), (1.0,), (1.0,)]) == [1, 2, 0]
    assert by_rank_and_crowding([]) == []
