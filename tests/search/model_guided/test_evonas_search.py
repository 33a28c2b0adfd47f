"""The default engine: its bookkeeping, many results, threads, and what a model finds at once."""

from collections.abc import Callable
from itertools import pairwise
from statistics import mean

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from evonas.search.engines import make_search
from evonas.search.model_guided.evonas_search import NUM_FOUNDERS, EvonasSearch
from evonas.search.model_guided.genome_features import Features
from evonas.search.model_guided.surrogate import MAX_ROWS, Surrogate
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome


def parts(genome: Genome) -> Vector:
    """A cost that adds up, and a loss in which neighbours matter together."""
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
def test_every_child_is_credited_once(toy: Callable[..., SearchProblem], at_once: int) -> None:
    search = run(toy(num_sites=6, num_operations=4), seed=0, steps=56 // at_once, at_once=at_once)
    search.ask(1)  # learns the last results
    records = search.credit.records.values()
    num_founders = -(-NUM_FOUNDERS // at_once) * at_once
    assert sum(record.told for record in records) == 56 - num_founders
    assert all(record.entered <= record.told <= record.made for record in records)
    assert sum(record.entered for record in records) > 0


def test_the_number_of_threads_does_not_matter(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=8, num_operations=4, num_rules=3)
    asked = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            asked.append(run(problem, seed=1, steps=12, at_once=20).asked_keys)
    assert asked[0] == asked[1]


def test_a_linear_cost_is_minimised_at_once(toy: Callable[..., SearchProblem]) -> None:
    """One of 4**12 genomes, which random search has no hope to meet."""
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


def test_more_results_than_a_process_takes_are_thinned(toy: Callable[..., SearchProblem]) -> None:
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
