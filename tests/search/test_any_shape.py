"""Every engine with every shape of problem never fails, and ends only when the space does.

Results are drawn from the genome, so nothing is trained. The oracle is the law of the
contract: distinct functions, all in canonical form, as many as were asked for or as there are.
"""

import math
import random
from dataclasses import dataclass
from itertools import product

import pytest

from evonas.search.engines import SEARCHES, make_search
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome
from tests.search.conftest import Toy

SIZES = {
    1: Toy(1, 1), 2: Toy(1, 2), 3: Toy(1, 3), 4: Toy(2, 2), 10: Toy(3, 3, is_symmetric=True),
    20: Toy(1, 20), 3**20: Toy(10, 3, num_rules=3),
}  # fmt: skip
POPULATIONS = (2, 3, 5, 8, 11, 50)
OBJECTIVES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class World:
    """How the genomes of a problem turn out.

    Attributes:
        failed: the share that fails.
        outside: the share of the others that is outside the constraints.
        values: values that an objective can have; empty for any number between 0 and 1.
    """

    failed: float = 0.0
    outside: float = 0.0
    values: tuple[float, ...] = ()

    def result(self, genome: Genome, *, num_objectives: int) -> tuple[Vector | None, float]:
        """The vector and the violation, the same every time."""
        rng = random.Random(str(genome.values))
        if rng.random() < self.failed:
            return None, math.inf
        if rng.random() < self.outside:
            return None, 0.01 + rng.random()
        drawn = (rng.random() for _ in range(num_objectives))
        if not self.values:
            return tuple(drawn), 0.0
        return tuple(self.values[int(each * len(self.values))] for each in drawn), 0.0


WORLDS = {
    "plain": World(),
    "all equal": World(values=(0.5,)),
    "ties": World(values=(0.0, 0.5, 1.0)),
    "nine in ten fail": World(failed=0.9),
    "all fail": World(failed=1.0),
    "nothing feasible": World(outside=1.0),
    "some of each": World(failed=0.3, outside=0.4),
}


def asked(
    name: str, problem: SearchProblem, world: World, *, population: int, num_objectives: int,
    at_once: int, wanted: int,
) -> list[Genome]:  # fmt: skip
    """Everything an engine asks for, until ``wanted`` genomes or none are left."""
    search = make_search(
        name, problem, population=population, num_objectives=num_objectives, seed=1
    )
    order = random.Random(1)
    found: list[Genome] = []
    while len(found) < wanted and (some := search.ask(min(at_once, wanted - len(found)))):
        told = [world.result(genome, num_objectives=num_objectives) for genome in some]
        places = order.sample(range(len(some)), k=len(some))
        search.tell(
            [some[i] for i in places],
            [told[i][0] for i in places],
            violations=[told[i][1] for i in places],
        )
        found += some
    return found


def check(name: str, *, num_objectives: int, population: int, size: int, world: str) -> None:
    problem, wanted = SIZES[size], 3 * population + 1
    found = asked(
        name, problem, WORLDS[world], population=population, num_objectives=num_objectives,
        at_once=1 if SEARCHES[name].is_sequential else population, wanted=wanted,
    )  # fmt: skip
    where = f"{num_objectives} objectives, population {population}, {size} genomes, {world}"
    assert len(found) == min(size, wanted), where
    assert len({problem.key(genome) for genome in found}) == len(found), where
    assert all(problem.canonical(genome) == genome for genome in found), where


def shapes(name: str) -> list[tuple[int, int, int, str]]:
    """Every number of objectives, population, size of space and world that an engine takes."""
    most = SEARCHES[name].max_objectives or max(OBJECTIVES)
    counts = [count for count in OBJECTIVES if SEARCHES[name].min_objectives <= count <= most]
    return list(product(counts, POPULATIONS, SIZES, WORLDS))


def test_engine_keeps_contract_in_sampled_problem_shapes(search_name: str) -> None:
    rng, draws = random.Random(2), 1 if search_name in ("evonas", "optuna") else 2
    small = {shape[:2] for shape in shapes(search_name) if shape[1] < max(POPULATIONS)}
    drawn = [
        (*pair, rng.choice(list(SIZES)), rng.choice(list(WORLDS)))
        for pair in sorted(small)
        for _ in range(draws)
    ]
    for num_objectives, population, size, world in drawn:
        check(
            search_name, num_objectives=num_objectives, population=population, size=size,
            world=world,
        )  # fmt: skip


@pytest.mark.slow
def test_engine_keeps_contract_in_every_problem_shape(search_name: str) -> None:
    for num_objectives, population, size, world in shapes(search_name):
        check(
            search_name, num_objectives=num_objectives, population=population, size=size,
            world=world,
        )  # fmt: skip


@pytest.mark.parametrize("population", [2, 3, 4, 5, 8, 12, 20])
@pytest.mark.parametrize("name", ["deap-nsga2", "mu-plus-lambda"])
def test_deap_selection_with_one_objective_keeps_smallest_values(
    name: str, population: int
) -> None:
    """With one objective the survivors are the smallest values, whatever their number."""
    problem = Toy(6, 4)
    search = make_search(name, problem, population=population, num_objectives=1, seed=0)
    values: dict[Genome, float] = {}
    for _ in range(4):
        some = search.ask(population)
        values |= {genome: random.Random(str(genome)).random() for genome in some}
        search.tell(some, [(values[genome],) for genome in some])
    search.ask(1)  # learns the results
    best = sorted(values, key=values.__getitem__)[:population]
    assert set(search.parents) == set(best)  # type: ignore[attr-defined]
