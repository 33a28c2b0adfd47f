"""Founders: an engine asks for known genomes first, and then as usual."""

from collections.abc import Callable

import pytest

from evonas.search.engines import SEARCHES, make_search
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.signals import InformedProblem
from evonas.space import Genome

POPULATION = 12
ALLOWED = 3  # a quarter of the population


def values(genome: Genome) -> Vector:
    return float(sum(genome.values)), float(-genome.values[0])


def asked(name: str, problem: SearchProblem, *, at_once: int, count: int) -> list[Genome]:
    most = SEARCHES[name].max_objectives or 2
    search = make_search(name, problem, population=POPULATION, num_objectives=most, seed=3)
    found: list[Genome] = []
    while len(found) < count:
        genomes = search.ask(min(at_once, count - len(found)))
        search.tell(genomes, [values(genome)[:most] for genome in genomes])
        found += genomes
    return found


def founders(toy: Callable[..., SearchProblem], count: int) -> tuple[SearchProblem, list[Genome]]:
    problem = toy(num_sites=8, num_operations=2)
    known = [
        problem.canonical(Genome(tuple(int(site == own) for site in range(8)) + (0,) * 8))
        for own in range(count)
    ]
    return problem, known


@pytest.mark.parametrize("at_once", [1, 5, POPULATION])
@pytest.mark.parametrize("name", SEARCHES)
def test_engine_starts_with_founders_up_to_a_quarter_population(
    name: str, at_once: int, toy: Callable[..., SearchProblem]
) -> None:
    problem, known = founders(toy, 6)
    informed = InformedProblem(problem, founders=tuple(known))
    found = asked(name, informed, at_once=at_once, count=3 * POPULATION)
    assert found[:ALLOWED] == known[:ALLOWED]
    keys = [problem.key(genome) for genome in found]
    assert len(set(keys)) == len(keys) == 3 * POPULATION


def test_engine_asks_as_usual_after_few_founders(toy: Callable[..., SearchProblem]) -> None:
    problem, known = founders(toy, 1)
    found = asked("nsga2", InformedProblem(problem, founders=tuple(known)), at_once=6, count=6)
    assert found[0] == known[0]
    plain = asked("nsga2", problem, at_once=5, count=5)
    assert found[1:] == plain


def test_functionally_equal_founder_is_skipped(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=3, num_operations=2, is_symmetric=True)
    alike = [Genome((1, 0, 0, 0, 0, 0)), Genome((0, 0, 1, 0, 0, 0))]
    assert problem.key(alike[0]) == problem.key(alike[1])
    informed = InformedProblem(problem, founders=tuple(map(problem.canonical, alike)))
    found = asked("random", informed, at_once=3, count=3)
    assert found[0] == problem.canonical(alike[0])
    assert len({problem.key(genome) for genome in found}) == 3
