"""Infeasible candidates are worse than all feasible ones, and rank by violation (Deb 2000)."""

import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from evonas.search.base import AbstractSearch
from evonas.search.baselines.aging import AgingEvolution
from evonas.search.baselines.local_search import LocalSearch
from evonas.search.baselines.pareto_local_search import ParetoLocalSearch
from evonas.search.deap_engines.deap_search import AbstractDeapSearch, Individual
from evonas.search.engines import SEARCHES, make_search
from evonas.search.model_guided.evonas_search import EvonasSearch
from evonas.search.neighbours import neighbours
from evonas.search.pareto import Vector, constrained_front
from evonas.search.problem import SearchProblem
from evonas.search.pymoo_engines.moead import Moead
from evonas.space import Genome

NUM_BOUND = 8  # genes that must be 1 for a genome to be feasible
DEAP = [name for name, kind in SEARCHES.items() if issubclass(kind, AbstractDeapSearch)]


class Fate(NamedTuple):
    """The result of a genome, as passed to a search."""

    vector: Vector | None
    violation: float


def tell(search: AbstractSearch, genomes: Sequence[Genome], fates: Sequence[Fate]) -> None:
    vectors, violations = zip(*fates, strict=True)
    search.tell(genomes, vectors, violations=violations)


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=10, num_operations=3)


def test_engines_reach_feasible_region_that_random_search_misses(
    search_name: str, num_objectives: int, problem: SearchProblem
) -> None:
    """One genome in 3 ** 8 is feasible; the objectives pull the other way."""
    if search_name == "random":
        pytest.skip("it does not learn")

    def measure(genome: Genome) -> Fate:
        wrong = sum(value != 1 for value in genome.values[:NUM_BOUND])
        values = tuple(float(sum(genome.values[i::2])) for i in range(num_objectives))
        return Fate(None, wrong / NUM_BOUND) if wrong else Fate(values, 0.0)

    search = make_search(
        search_name, problem, population=20, num_objectives=num_objectives, seed=0
    )
    num_inside = num_asked = 0
    while num_asked < (150 if search_name in ("optuna", "evonas") else 400):
        asked = search.ask(1 if search.is_sequential else 20)
        fates = [measure(genome) for genome in asked]
        tell(search, asked, fates)
        num_asked += len(asked)
        num_inside += sum(fate.vector is not None for fate in fates)
    assert num_inside >= 3


def mixed(num_inside: int, num_outside: int, num_failed: int) -> list[Fate]:
    """Feasible results have bad values only; violations are 2, 3, 4 and so on."""
    fates = [Fate((1e9, 1e9 + i), 0.0) for i in range(num_inside)]
    fates += [Fate(None, 2.0 + i) for i in range(num_outside)]
    fates += [Fate(None, math.inf)] * num_failed
    random.Random(0).shuffle(fates)
    return fates


@pytest.mark.parametrize("name", DEAP)
def test_deap_survivors_are_feasible_then_least_violations(
    problem: SearchProblem, name: str
) -> None:
    search = make_search(name, problem, population=20, num_objectives=2, seed=0)
    assert isinstance(search, AbstractDeapSearch)
    told: dict[Genome, Fate] = {}
    for half in (mixed(5, 25, 10)[:20], mixed(5, 25, 10)[20:], [Fate((0.0, 0.0), 0.0)] * 20):
        asked = search.ask(20)
        tell(search, asked, half)
        told.update(zip(asked, half, strict=True))
        search.ask(1)
        everything = sorted(f.violation for f in told.values() if f.violation < math.inf)
        assert sorted(told[g].violation for g in search.parents) == everything[:20]
        tell(search, search.in_flight, [Fate(None, math.inf)])


@pytest.mark.parametrize("name", ["deap-nsga2", "deap-spea2"])
def test_tournament_prefers_feasible_then_smaller_violation(
    problem: SearchProblem, name: str
) -> None:
    search = make_search(name, problem, population=2, num_objectives=2, seed=0)
    assert isinstance(search, AbstractDeapSearch)
    genome = Genome((0,) * 20)
    bad = Individual(genome, (9.0, 9.0), scaled=(1.0, 1.0))
    near, far = (Individual(genome, None, scaled=(), violation=v) for v in (0.1, 0.2))
    for better, worse in ((bad, near), (bad, far), (near, far)):
        assert {search._parent([better, worse]) for _ in range(20)} == {better}
        assert {search._parent([worse, better]) for _ in range(20)} == {better}
    twin = Individual(genome, None, scaled=(), violation=0.1)
    assert {search._parent([near, twin]) for _ in range(40)} == {near, twin}


def test_aging_keeps_newest_infeasible_and_mutates_least_violation(
    problem: SearchProblem,
) -> None:
    search = AgingEvolution(problem, population=4, num_objectives=1, seed=0)
    search._sample_size = 4  # all of them
    asked = search.ask(7)
    inside = Fate((5.0,), 0.0)
    outside = [Fate(None, violation) for violation in (0.1, 0.3, 0.2, math.inf, 0.4)]
    tell(search, asked[:5], outside)
    (child,) = search.ask(1)
    assert search.alive == (asked[0], asked[1], asked[2], asked[4])
    assert child in set(neighbours(asked[0], problem, rng=random.Random(0)))
    tell(search, asked[5:], [inside, Fate(None, 0.5)])
    (child,) = search.ask(1)
    assert search.alive == (asked[5], asked[2], asked[4], asked[6])
    assert child in set(neighbours(asked[5], problem, rng=random.Random(0)))
    more = search.ask(4)
    tell(search, more, [Fate((9.0,), 0.0)] * 4)
    search.ask(1)
    assert search.alive == tuple(more)


def test_local_search_lowers_violation_before_objectives(
    problem: SearchProblem,
) -> None:
    def measure(genome: Genome) -> Fate:
        wrong = sum(value != 1 for value in genome.values[:4])
        return Fate(None, wrong / 4) if wrong else Fate((float(sum(genome.values)),), 0.0)

    search = LocalSearch(problem, population=2, num_objectives=1, seed=1)
    way: list[Genome] = []
    for _ in range(150):
        (genome,) = search.ask(1)
        if search.here is not None and (not way or search.here != way[-1]):
            way.append(search.here)
        tell(search, [genome], [measure(genome)])
        if way and way[-1].values[:10] == (1,) * 4 + (0,) * 6:
            break
    fates = [measure(genome) for genome in way]
    standings = [(fate.violation, fate.vector or ()) for fate in fates]
    assert all(after < before for before, after in pairwise(standings))
    assert standings[-1] == (0.0, (4.0,))
    assert standings[0][0] > 0.0


def test_pareto_local_search_keeps_least_violations_until_feasible(
    problem: SearchProblem,
) -> None:
    search = ParetoLocalSearch(problem, population=5, num_objectives=2, seed=0)
    asked = search.ask(8)
    tell(search, asked[:5], [Fate(None, v) for v in (0.4, 0.2, 0.2, 0.3, math.inf)])
    (child,) = search.ask(1)
    assert list(search.archive) == [asked[1], asked[2]]
    around = {g for m in search.archive for g in neighbours(m, problem, rng=random.Random(0))}
    assert child in around
    tell(search, asked[5:7], [Fate((1.0, 1.0), 0.0), Fate(None, 0.1)])
    search.ask(1)
    assert list(search.archive) == [asked[5]]
    tell(search, asked[7:], [Fate((0.0, 2.0), 0.0)])
    search.ask(1)
    assert list(search.archive) == [asked[5], asked[7]]


def test_moead_incumbents_become_feasible_and_then_improve(problem: SearchProblem) -> None:
    search = Moead(problem, population=6, num_objectives=2, seed=0)
    told: dict[Genome, Fate] = {}
    worst: list[float] = []
    rng = random.Random(0)
    for step in range(30):
        asked = search.ask(6)
        violations = [max(0.0, rng.random() - 0.02 * step) for _ in asked]
        fates = [Fate(None if v else (rng.random(), rng.random()), v) for v in violations]
        tell(search, asked, fates)
        told.update(zip(asked, fates, strict=True))
        if search.incumbents:
            worst.append(sum(told[genome].violation for genome in search.incumbents))
    assert worst[0] > 1.0
    assert all(after <= before for before, after in pairwise(worst))
    assert worst[-1] == 0.0
    vectors = [told[genome].vector for genome in search.incumbents]
    inside = [fate.vector for fate in told.values() if fate.vector is not None]
    ends = [min(inside, key=lambda v: v[i]) for i in range(2)]
    assert all(end in vectors for end in ends)


def test_moead_starts_with_least_violations_and_adopts_better_strangers(
    problem: SearchProblem,
) -> None:
    search = Moead(problem, population=40, num_objectives=2, seed=0)
    asked = search.ask(50)
    tell(search, asked, [Fate(None, 1.0 + (7 * i) % 50) for i in range(50)])
    search.ask(1)
    nearest = {genome for i, genome in enumerate(asked) if (7 * i) % 50 < 40}
    assert set(search.incumbents) == nearest
    stranger = problem.canonical(Genome((2,) * 10 + (0,) * 10))
    search.adopt([stranger])
    tell(search, [stranger], [Fate(None, 39.5)])
    search.ask(1)
    (farthest,) = nearest - set(search.incumbents)
    assert asked.index(farthest) * 7 % 50 == 39
    assert stranger in search.incumbents


@pytest.mark.parametrize("inside", [[], [(5.0, 1.0)], [(5.0, 1.0), (3.0, 4.0)]])
def test_evonas_model_ranks_violations_beyond_worst_feasible(
    problem: SearchProblem, inside: list[Vector]
) -> None:
    search = EvonasSearch(problem, population=10, num_objectives=2, seed=0)
    fates = [Fate(None, v) for v in (0.1, 2.0, math.inf, 0.5)] + [Fate(v, 0.0) for v in inside]
    tell(search, asked := search.ask(len(fates)), fates)
    search.ask(1)
    values = search._values()
    assert [tuple(row) for row in values[4:]] == inside
    near, far, failed, middle = values[:4]
    worst = values[4:].max(axis=0, initial=0.0)
    assert np.all(np.diff([worst, near, middle, far], axis=0) > 0)
    assert np.all(far == failed)
    front = search._front()
    assert front == (asked[4:] if inside else asked[:1])


def test_constrained_front_matches_pairwise_feasibility_rules() -> None:
    rng = random.Random(0)

    def beats(one: Fate, other: Fate) -> bool:
        if one.vector is None or other.vector is None:
            return one.violation < other.violation
        pairs = list(zip(one.vector, other.vector, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    for share_inside in (0.0, 0.1, 0.5, 1.0):
        for _ in range(20):
            fates = [
                Fate((rng.randrange(4), rng.randrange(4)), 0.0)
                if rng.random() < share_inside
                else Fate(None, rng.choice((0.1, 0.2, 0.3, math.inf)))
                for _ in range(6)
            ]
            expected = [
                one.violation < math.inf and not any(beats(other, one) for other in fates)
                for one in fates
            ]
            assert constrained_front(*map(list, zip(*fates, strict=True))) == expected
    assert constrained_front([], []) == []
    assert constrained_front([None, None], [math.inf, math.inf]) == [False, False]
