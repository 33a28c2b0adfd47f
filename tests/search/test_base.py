"""The contract that every search keeps, whatever its algorithm."""

import pickle
import random
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple, final

import numpy as np
import pytest

from evonas.errors import ConfigError
from evonas.search.base import AbstractSearch, Outcome
from evonas.search.engines import SEARCHES, make_search
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome

Measure = Callable[[Genome], Vector | None]
POPULATION = 10


class Step(NamedTuple):
    """One ask of a run, and the results that the search got for it."""

    asked: list[Genome]
    vectors: list[Vector | None]


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=4, num_operations=3, num_rules=3, is_symmetric=True)


@pytest.fixture
def make(
    search_name: str, num_objectives: int, problem: SearchProblem
) -> Callable[[int], AbstractSearch]:
    def make(seed: int) -> AbstractSearch:
        return make_search(
            search_name,
            problem,
            population=POPULATION,
            num_objectives=num_objectives,
            seed=seed,
        )

    return make


def run(search: AbstractSearch, measure: Measure, *, steps: int) -> list[Step]:
    log = []
    for _ in range(steps):
        asked = search.ask(POPULATION)
        log.append(Step(asked, [measure(genome) for genome in asked]))
        search.tell(*log[-1])
    return log


def asks(log: list[Step]) -> list[list[Genome]]:
    return [step.asked for step in log]


def global_states() -> tuple[object, ...]:
    return random.getstate(), pickle.dumps(np.random.get_state())


def test_500_asked_networks_are_distinct(
    search_name: str, num_objectives: int, toy: Callable[..., SearchProblem], noise: Measure
) -> None:
    problem = toy(num_sites=4, num_operations=4, num_rules=3, is_symmetric=True)  # 715 networks
    search = make_search(
        search_name, problem, population=20, num_objectives=num_objectives, seed=3
    )
    asked = []
    for _ in range(25):
        genomes = search.ask(20)
        search.tell(genomes, [noise(genome) for genome in genomes])
        asked += genomes
    assert len(asked) == search.num_asked == 500
    assert len({problem.key(genome) for genome in asked}) == 500
    assert all(problem.canonical(genome) == genome for genome in asked)


def test_asks_depend_on_the_seed(make: Callable[[int], AbstractSearch], noise: Measure) -> None:
    first, second, third = (asks(run(make(seed), noise, steps=6)) for seed in (7, 7, 8))
    assert first == second
    assert first != third


def test_global_generators_are_neither_used_nor_changed(
    make: Callable[[int], AbstractSearch], noise: Measure
) -> None:
    expected = asks(run(make(7), noise, steps=6))
    search, asked = make(7), []
    for step in range(6):
        random.seed(step)
        np.random.seed(step)
        before = global_states()
        genomes = search.ask(POPULATION)
        search.tell(genomes, [noise(genome) for genome in genomes])
        assert global_states() == before
        asked.append(genomes)
    assert asked == expected


def test_interleaved_searches_do_not_affect_each_other(
    make: Callable[[int], AbstractSearch], noise: Measure
) -> None:
    expected = asks(run(make(7), noise, steps=4))
    ours, other = make(7), make(8)
    asked = []
    for _ in range(4):
        asked += asks(run(ours, noise, steps=1))
        run(other, noise, steps=1)
    assert asked == expected


def test_order_and_grouping_of_results_do_not_matter(
    make: Callable[[int], AbstractSearch], noise: Measure
) -> None:
    expected = asks(run(make(7), noise, steps=6))
    search, rng, asked = make(7), random.Random(0), []
    for _ in range(6):
        genomes = search.ask(POPULATION)
        asked.append(list(genomes))
        rng.shuffle(genomes)
        for start in range(0, len(genomes), 3):
            some = genomes[start : start + 3]
            search.tell(some, [noise(genome) for genome in some])
    assert asked == expected


def test_replayed_journal_gives_same_asks_and_pending_genomes(
    make: Callable[[int], AbstractSearch], noise: Measure
) -> None:
    rng = random.Random(1)
    search = make(7)
    pool = search.ask(6)
    journal: list[tuple[str, list[Genome]]] = [("ask", list(pool))]
    for _ in range(80):  # six candidates in flight, which finish in any order
        done = pool.pop(rng.randrange(len(pool)))
        search.tell([done], [noise(done)])
        new = search.ask(1)
        pool = pool + new
        journal += [("tell", [done]), ("ask", new)]

    again = make(7)
    for action, genomes in journal:
        if action == "tell":
            again.tell(genomes, [noise(genome) for genome in genomes])
        else:
            assert again.ask(len(genomes)) == genomes
    assert list(again.in_flight) == pool
    assert asks(run(again, noise, steps=3)) == asks(run(search, noise, steps=3))


def test_small_space_is_asked_for_completely(
    search_name: str, num_objectives: int, toy: Callable[..., SearchProblem], noise: Measure
) -> None:
    problem = toy(num_sites=3, num_operations=2)
    search = make_search(search_name, problem, population=2, num_objectives=num_objectives, seed=0)
    keys = [problem.key(step) for log in asks(run(search, noise, steps=4)) for step in log]
    assert len(keys) == len(set(keys)) == 8
    assert search.ask(5) == []
    assert search.ask(1) == []


def test_one_ask_can_return_the_whole_space(
    make: Callable[[int], AbstractSearch],
) -> None:
    search = make(0)
    assert len(search.ask(10_000)) == search.num_asked == 210  # multisets of 4 out of 7 sites
    assert search.ask(1) == []
    assert len(search.in_flight) == 210


def test_search_continues_if_all_candidates_fail(make: Callable[[int], AbstractSearch]) -> None:
    search = make(0)
    log = run(search, lambda _: None, steps=6)
    assert sum(map(len, asks(log))) == 6 * POPULATION


@pytest.mark.parametrize("vector", [(1.0, 2.0), (-3e5, 0.0)])
def test_search_continues_if_all_results_are_equal(
    make: Callable[[int], AbstractSearch], num_objectives: int, vector: Vector
) -> None:
    log = run(make(0), lambda _: vector[:num_objectives], steps=6)
    assert sum(map(len, asks(log))) == 6 * POPULATION


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_unsupported_number_of_objectives_is_rejected_with_advice(
    search_name: str, problem: SearchProblem, count: int
) -> None:
    kind = SEARCHES[search_name]
    if not kind.min_objectives <= count <= (kind.max_objectives or count):
        with pytest.raises(ConfigError, match=f"got {count}; with {count}, choose among .*random"):
            make_search(search_name, problem, population=4, num_objectives=count, seed=0)
        return
    search = make_search(search_name, problem, population=4, num_objectives=count, seed=0)
    for _ in range(5):
        genomes = search.ask(4)
        search.tell(genomes, [tuple(map(float, genome.values[:count])) for genome in genomes])
    assert search.num_asked == 20


def test_in_flight_lists_genomes_without_result(make: Callable[[int], AbstractSearch]) -> None:
    search = make(0)
    first, second, third = search.ask(3)
    search.tell([second], [None])
    assert search.in_flight == (first, third)


@final
class Stubborn(AbstractSearch):
    """Always proposes the same genome."""

    name: ClassVar[str] = "stubborn"

    def _propose(self, count: int) -> list[Genome]:
        return [STRANGER] * count

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        assert outcomes


def test_repeated_proposals_are_replaced_by_new_genomes(problem: SearchProblem) -> None:
    search = Stubborn(problem, population=2, num_objectives=2, seed=0)
    asked = search.ask(5) + search.ask(5)
    assert asked.count(STRANGER) == 1
    assert len({problem.key(genome) for genome in asked}) == search.num_asked == 10


STRANGER = Genome((2, 2, 2, 2, 2, 2, 2, 2))


def test_search_continues_if_all_candidates_are_infeasible(
    make: Callable[[int], AbstractSearch],
) -> None:
    search, asked = make(0), 0
    for _ in range(6):
        genomes = search.ask(POPULATION)
        violations = [1.0 + sum(genome.values) for genome in genomes]
        search.tell(genomes, [None] * len(genomes), violations=violations)
        asked += len(genomes)
    assert asked == 6 * POPULATION
