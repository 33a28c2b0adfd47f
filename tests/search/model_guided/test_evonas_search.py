"""The default engine: bookkeeping, many results, threads, and what its model finds quickly."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from statistics import mean

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from evonas.search.engines import make_search
from evonas.search.model_guided.candidates import OPERATORS, Candidates
from evonas.search.model_guided.evonas_search import NUM_FOUNDERS, EvonasSearch
from evonas.search.model_guided.genome_features import Features
from evonas.search.model_guided.operator_credit import OperatorCredit
from evonas.search.model_guided.surrogate import MAX_ROWS, Surrogate
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome


def parts(genome: Genome) -> Vector:
    """An additive cost, and a loss with interactions between neighbours."""
    half = len(genome.values) // 2
    values = genome.values[:half]
    pairs = sum(a == 3 and b == 1 for a, b in pairwise(values))
    return (float(sum(values)), -3.0 * pairs - values[0])


def run(problem: SearchProblem, *, seed: int, steps: int, at_once: int) -> EvonasSearch:
    search = EvonasSearch(problem, population=10, num_objectives=2, seed=seed)
    for _ in range(steps):
        asked = search.ask(at_once)
        search.tell(asked, [None if g.values[0] == 2 else parts(g) for g in asked])
    return search


@pytest.mark.parametrize("at_once", [1, 7])
def test_every_child_is_credited_exactly_once(
    toy: Callable[..., SearchProblem], at_once: int
) -> None:
    search = run(toy(num_sites=6, num_operations=4), seed=0, steps=56 // at_once, at_once=at_once)
    search.ask(1)  # learns the last results
    records = search.credit.records.values()
    num_founders = -(-NUM_FOUNDERS // at_once) * at_once
    assert sum(record.told for record in records) == 56 - num_founders
    assert all(record.entered <= record.told <= record.made for record in records)
    assert sum(record.entered for record in records) > 0


def dominates(one: Vector, other: Vector) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def test_child_enters_only_if_no_result_dominates_it(
    toy: Callable[..., SearchProblem],
) -> None:
    """Counted again by comparing all pairs, one child at a time."""
    search = EvonasSearch(
        toy(num_sites=6, num_operations=4), population=10, num_objectives=2, seed=0
    )
    told: list[Vector] = []
    entered = succeeded = 0
    for number in range(50):
        (genome,) = search.ask(1)
        vector = None if genome.values[0] == 2 else parts(genome)
        if vector is not None:
            told.append(vector)
        is_child = number >= NUM_FOUNDERS
        succeeded += is_child and vector is not None
        entered += (
            is_child and vector is not None and not any(dominates(other, vector) for other in told)
        )
        search.tell([genome], [vector])
    search.ask(1)  # learns the last result
    assert sum(record.entered for record in search.credit.records.values()) == entered
    assert 0 < entered < succeeded


@pytest.fixture
def candidates(toy: Callable[..., SearchProblem]) -> tuple[Candidates, OperatorCredit]:
    """A pool over a space so small that operators breed each other's children."""
    problem = toy(num_sites=3, num_operations=2)
    credit = OperatorCredit(OPERATORS)
    rng = random.Random(0)
    pool = Candidates(problem, Features(problem), credit, is_new=lambda _: True, rng=rng)
    return pool, credit


def test_candidate_is_attributed_to_its_first_operator(
    candidates: tuple[Candidates, OperatorCredit],
) -> None:
    pool, credit = candidates
    parent = Genome((0,) * 6)
    makers: dict[Genome, str] = {}
    for _ in range(6):
        pool.breed(5, front=[parent], good=[])
        for one in pool.all():
            assert makers.setdefault(one.genome, one.operator) == one.operator
    assert len(makers) == 8  # the whole space
    counted = Counter(makers.values())
    assert {name: record.made for name, record in credit.records.items()} == {
        name: counted[name] for name in OPERATORS
    }
    assert len(counted) > 1


def test_child_bred_by_two_operators_is_counted_once(
    candidates: tuple[Candidates, OperatorCredit],
) -> None:
    pool, credit = candidates
    pool.breed(200, front=[Genome((0,) * 6)], good=[])
    assert len(pool) == 8
    assert sum(record.made for record in credit.records.values()) == 8


def test_asks_are_equal_with_one_and_two_threads(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=8, num_operations=4, num_rules=3)
    asked = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            asked.append(run(problem, seed=1, steps=12, at_once=20).asked_keys)
    assert asked[0] == asked[1]


def test_linear_cost_is_minimised_within_80_evaluations(toy: Callable[..., SearchProblem]) -> None:
    """One genome of 4**12, which random search has no chance to find."""
    problem = toy(num_sites=12, num_operations=4)
    found = []
    for seed in range(3):
        search = make_search("evonas", problem, population=10, num_objectives=1, seed=seed)
        best = []
        for _ in range(8):
            asked = search.ask(10)
            values = [float(sum(genome.values)) for genome in asked]
            search.tell(asked, [(value,) for value in values])
            best.append(min(values))
        found.append(min(best))
    assert mean(found) == 0.0


def test_surrogate_still_predicts_with_more_than_max_rows(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=10, num_operations=4)
    generator = np.random.default_rng(0)
    features = Features(problem)
    genomes = [
        Genome((*generator.integers(0, 4, 10).tolist(), *(0,) * 10)) for _ in range(MAX_ROWS + 300)
    ]
    rows, values = features.rows(genomes), np.array([parts(genome) for genome in genomes])
    surrogate = Surrogate(features, num_objectives=2)
    surrogate.learn(rows, values)
    drawn = surrogate.marginal_draws(rows, np.zeros((1, 2)))[0]
    assert np.corrcoef(drawn[:, 0], values[:, 0])[0, 1] > 0.999
    assert np.corrcoef(drawn[:, 1], values[:, 1])[0, 1] > 0.9
