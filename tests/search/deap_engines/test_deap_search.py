"""DEAP's selections as engines, compared with pymoo's, with the definitions, and with laws."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from pymoo.core.population import Population
from pymoo.core.problem import Problem as PymooProblem
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from evonas.search.deap_engines.deap_search import AbstractDeapSearch, Individual
from evonas.search.engines import make_search
from evonas.search.pareto import Vector, non_dominated
from evonas.search.problem import SearchProblem
from evonas.search.variation import crossed, mutated
from evonas.space import Genome


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=6, num_operations=4, num_rules=2)


def make(
    name: str, problem: SearchProblem, *, population: int, num_objectives: int = 2
) -> AbstractDeapSearch:
    search = make_search(
        name, problem, population=population, num_objectives=num_objectives, seed=0
    )
    assert isinstance(search, AbstractDeapSearch)
    return search


def told_to(
    search: AbstractDeapSearch, draw: Callable[[], Vector | None], *, rounds: int
) -> list[tuple[dict[Genome, Vector], set[Genome]]]:
    """For each round, all candidates (population and newcomers), and the survivors."""
    members: dict[Genome, Vector] = {}
    log = []
    for _ in range(rounds):
        asked = search.ask(search.population)
        candidates = dict(members)
        for genome in asked:
            vector = draw()
            search.tell([genome], [vector])
            if vector is not None:
                candidates[genome] = vector
        search.ask(1)  # the results are learned when the next genome is asked for
        survivors = set(search.parents)
        members = {g: v for g, v in candidates.items() if g in survivors}
        log.append((candidates, survivors))
        search.tell(search.in_flight, [None] * len(search.in_flight))
    return log


@pytest.mark.parametrize("num_objectives", [2, 3])
@pytest.mark.parametrize("name", ["deap-nsga2", "mu-plus-lambda"])
def test_survivors_match_pymoo(problem: SearchProblem, name: str, num_objectives: int) -> None:
    rng = random.Random(0)
    search = make(name, problem, population=10, num_objectives=num_objectives)
    rows = PymooProblem(n_var=1, n_obj=num_objectives, xl=0, xu=1)

    def draw() -> Vector:
        return tuple(rng.random() for _ in range(num_objectives))

    for candidates, survivors in told_to(search, draw, rounds=8):
        F = np.array(list(candidates.values()))
        pool = Population.new(X=np.arange(len(F))[:, None], F=F)
        chosen = RankAndCrowding().do(rows, pool, n_survive=10, random_state=None)
        theirs = {list(candidates)[int(x)] for x in chosen.get("X")[:, 0]}
        # all ends of a front have infinite crowding distance, so chance decides among them
        differing = survivors ^ theirs
        crowding = dict(zip(pool.get("X")[:, 0], pool.get("crowding"), strict=True))
        assert all(np.isinf(crowding[list(candidates).index(g)] or 0.0) for g in differing)


def test_single_objective_keeps_smallest_values(problem: SearchProblem) -> None:
    rng = random.Random(0)
    search = make("mu-plus-lambda", problem, population=6, num_objectives=1)
    for candidates, survivors in told_to(search, lambda: (rng.random(),), rounds=6):
        assert survivors == set(sorted(candidates, key=lambda g: candidates[g])[:6])


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_spea2_drops_crowded_points_of_large_front(problem: SearchProblem, scale: float) -> None:
    search = make("deap-spea2", problem, population=6)
    asked = search.ask(8)
    spread = [(x * scale, 10.0 - x) for x in (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)]
    crowded = [(4.1 * scale, 5.9), (6.1 * scale, 3.9)]
    search.tell(asked, [*spread, *crowded])
    search.ask(1)
    alive = set(search.parents)
    assert {asked[0], asked[1], asked[4], asked[5]} <= alive
    assert len(alive & {asked[2], asked[6]}) == len(alive & {asked[3], asked[7]}) == 1


def test_spea2_scales_distances_to_the_population(problem: SearchProblem) -> None:
    search = make("deap-spea2", problem, population=4)
    asked = search.ask(5)
    # the first two are close in x alone, the next two in both
    vectors = [(0.0, 1.0), (0.01, 0.6), (0.5, 0.3), (0.55, 0.25), (1.0, 0.0)]
    search.tell(asked, [(1e6 * x, y) for x, y in vectors])
    search.ask(1)
    assert {asked[0], asked[1], asked[4]} < set(search.parents)


def test_spea2_keeps_whole_front_if_it_fits(problem: SearchProblem) -> None:
    rng = random.Random(1)
    search = make("deap-spea2", problem, population=12)
    for candidates, survivors in told_to(search, lambda: (rng.random(), rng.random()), rounds=6):
        keep = non_dominated(list(candidates.values()))
        front = {g for g, is_best in zip(candidates, keep, strict=True) if is_best}
        assert front <= survivors or (len(front) > 12 and survivors <= front)


def test_failures_never_enter_the_population(problem: SearchProblem) -> None:
    rng = random.Random(2)
    search = make("deap-spea2", problem, population=5)

    def draw() -> Vector | None:
        return None if rng.random() < 0.7 else (rng.random(), rng.random())

    sizes = [
        (len(candidates), len(survivors))
        for candidates, survivors in told_to(search, draw, rounds=8)
    ]
    assert all(kept == min(5, there) for there, kept in sizes)


@pytest.mark.parametrize("name", ["deap-nsga2", "deap-spea2"])
def test_dominating_individual_wins_tournament(problem: SearchProblem, name: str) -> None:
    search = make(name, problem, population=2)
    better = Individual(Genome((0,) * 12), (1.0, 1.0), scaled=(0.0, 0.0))
    worse = Individual(Genome((1,) * 12), (2.0, 2.0), scaled=(1.0, 1.0))
    assert {search._parent([better, worse]) for _ in range(20)} == {better}


def test_crossover_swaps_genes_and_mutation_redraws_one_on_average(problem: SearchProblem) -> None:
    rng = random.Random(0)
    first = Genome((1,) * 6 + (0,) * 6)
    second = Genome((2,) * 6 + (1,) * 6)
    for _ in range(30):
        pair = crossed(first, second, problem, rng=rng)
        for one, other, a, b in zip(*(g.values for g in (*pair, first, second)), strict=True):
            assert {one, other} == {a, b}
    children = [mutated(second, problem, rng=rng).values for _ in range(4000)]
    changes = sum(value != 2 for child in children for value in child[:6])
    expected = 6 * (1 / 12) * (3 / 4)  # 12 active genes, one redrawn on average
    assert changes / 4000 == pytest.approx(expected, abs=4 * (expected / 4000) ** 0.5)
