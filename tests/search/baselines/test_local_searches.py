"""Searches that step from neighbour to neighbour: aging, local and Pareto local search."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product

import pytest

from evonas.search.baselines.aging import AgingEvolution
from evonas.search.baselines.local_search import LocalSearch, Standing
from evonas.search.baselines.pareto_local_search import NUM_FOUNDERS, ParetoLocalSearch
from evonas.search.neighbours import neighbours
from evonas.search.pareto import Vector, non_dominated
from evonas.search.problem import Paths, SearchProblem
from evonas.space import Genome, load


def distance(one: Genome, other: Genome) -> int:
    return sum(a != b for a, b in zip(one.values, other.values, strict=True))


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=5, num_operations=3)


def test_neighbours_are_all_genomes_one_gene_away(problem: SearchProblem) -> None:
    here = Genome((0, 1, 2, 0, 1) + (0,) * 5)
    found = list(neighbours(here, problem, rng=random.Random(0)))
    assert len(found) == len(set(found)) == 5 * 2
    assert {distance(here, genome) for genome in found} == {1}
    assert found != list(neighbours(here, problem, rng=random.Random(1)))


def test_rule_changes_are_neighbours_only_at_sites_with_weights(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=2, num_operations=2, num_rules=3)
    here = Genome((0, 1, 0, 2))
    woken = set()
    for seed in range(30):
        found = list(neighbours(here, problem, rng=random.Random(seed)))
        assert {Genome((0, 1, 0, 0)), Genome((0, 1, 0, 1)), Genome((0, 0, 0, 0))} < set(found)
        woken |= {genome.values[2] for genome in found if genome.values[0] == 1}
        assert len(found) == 4
    assert woken == {0, 1, 2}  # the rule of the new operation is random


@dataclass(frozen=True)
class SeriesGene:
    """Operation of one of two edges in series, of which the first choice passes nothing on."""

    choices: tuple[str, ...]
    kind: str = "operation"


@dataclass(frozen=True)
class Series:
    """Two edges in series: each is active only if the other one passes something on."""

    genes: tuple[SeriesGene, SeriesGene]
    paths: Paths

    def is_active(self, genome: Genome) -> tuple[bool, ...]:
        """Whether each edge makes a difference."""
        first, second = genome.values
        return second > 0, first > 0

    def canonical(self, genome: Genome) -> Genome:
        """Without operations where one edge passes nothing on."""
        return genome if all(genome.values) else Genome((0, 0))

    def key(self, genome: Genome) -> str:
        """The operations as text."""
        return str(self.canonical(genome).values)


@pytest.mark.parametrize("count", [2, 3])
def test_a_step_from_a_dead_path_changes_both_edges(
    toy: Callable[..., SearchProblem], count: int
) -> None:
    no_paths = toy(num_sites=1, num_operations=2).paths
    gene = SeriesGene(tuple(f"op{i}" for i in range(count)))
    found = {
        genome.values
        for seed in range(30)
        for genome in neighbours(
            Genome((0, 0)), Series((gene, gene), no_paths), rng=random.Random(seed)
        )
    }
    assert found == set(product(range(1, count), repeat=2))


# 219 is the whole small space; the large one is explored only up to a limit
@pytest.mark.parametrize(("space_name", "count"), [("nas-bench-201", 400), ("tiny", 219)])
def test_neighbour_steps_from_empty_cell_reach_whole_space(space_name: str, count: int) -> None:
    space = load(space_name).resized(cells=1).with_rules(["bp"])
    rng = random.Random(0)
    start = space.canonical(Genome((0,) * len(space.genes)))
    seen, border = {space.key(start)}, [start]
    while border and len(seen) < count:
        here = border.pop(0)
        for genome in neighbours(here, space, rng=rng):
            if (key := space.key(genome)) not in seen:
                seen.add(key)
                border.append(genome)
    assert len(seen) >= count


def test_aging_keeps_latest_successes_and_mutates_best_of_sample(
    problem: SearchProblem,
) -> None:
    # with a population of two, the sample is both
    search = AgingEvolution(problem, population=2, num_objectives=1, seed=0)
    alive: list[tuple[Genome, float]] = []
    rng = random.Random(0)
    for step in range(60):
        (genome,) = search.ask(1)
        assert search.alive == tuple(g for g, _ in alive)
        if len(alive) == 2:
            parent, _ = min(alive, key=lambda pair: pair[1])
            assert distance(parent, genome) == 1
        if step % 7 == 3:
            search.tell([genome], [None])
            continue
        alive = [*alive, (genome, rng.random())][-2:]
        search.tell([genome], [(alive[-1][1],)])


def test_aging_parent_is_non_dominated_in_its_sample(problem: SearchProblem) -> None:
    search = AgingEvolution(problem, population=8, num_objectives=2, seed=0)
    asked = search.ask(8)
    search.tell(asked, [(float(i), float(i)) for i in range(8)])  # a chain: only one is best
    search.ask(1)
    assert search._sample_size == 2
    parents = [search._parent(search._members()) for _ in range(300)]
    assert asked[7] not in parents  # the worst of all never is the best of two
    counts = [parents.count(genome) for genome in asked[:7]]
    # of 28 pairs, genome i is the best of 7 - i
    for i, count in enumerate(counts):
        expected = 300 * (7 - i) / 28
        assert abs(count - expected) < 4 * expected**0.5


def ones(genome: Genome) -> Vector:
    return (float(-sum(value == 2 for value in genome.values)),)


def test_local_search_only_improves_and_stops_at_local_optimum(
    problem: SearchProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[list[Genome]] = [[]]  # visited genomes, by descent
    go = LocalSearch._go

    def watched(search: LocalSearch, genome: Genome, standing: Standing) -> None:
        if search.here is None:
            places.append([])
        places[-1].append(genome)
        go(search, genome, standing)

    monkeypatch.setattr(LocalSearch, "_go", watched)
    search = LocalSearch(problem, population=2, num_objectives=1, seed=0)
    known: dict[Genome, float] = {}
    for _ in range(150):
        (genome,) = search.ask(1)
        known[genome] = rugged(genome)
        search.tell([genome], [(known[genome],)])
    descents = places[1:]
    assert len(descents) > 5
    for descent in descents[:-1]:
        for before, after in pairwise(descent):
            assert known[after] < known[before]
            assert distance(after, before) == 1
        around = list(neighbours(descent[-1], problem, rng=random.Random(0)))
        assert all(known[genome] >= known[descent[-1]] for genome in around)
    assert max(map(len, descents)) > 2


def rugged(genome: Genome) -> float:
    """A slope with noise on it: several local optima."""
    return sum(genome.values) + 3 * random.Random(str(genome)).random()


def test_local_search_stays_on_equal_neighbours(problem: SearchProblem) -> None:
    search = LocalSearch(problem, population=2, num_objectives=1, seed=0)
    (start,) = search.ask(1)
    search.tell([start], [(1.0,)])
    for _ in range(10):
        (genome,) = search.ask(1)
        assert search.here == start
        search.tell([genome], [(1.0,)])


def test_local_search_waits_for_pending_neighbours(
    toy: Callable[..., SearchProblem],
) -> None:
    search = LocalSearch(toy(2, 3), population=2, num_objectives=1, seed=0)
    (start,) = search.ask(1)
    search.tell([start], [(5.0,)])
    around = search.ask(4)
    assert {distance(start, genome) for genome in around} == {1}
    (other,) = search.ask(1)
    assert distance(start, other) == 2
    search.tell([other], [(9.0,)])
    search.ask(1)
    assert search.here == start  # not where a worse one is: the neighbours are on their way
    search.tell(around[:1], [(1.0,)])
    search.ask(1)
    assert search.here == around[0]


def test_local_search_solves_single_hill_without_restart(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=12, num_operations=3)
    search = LocalSearch(problem, population=2, num_objectives=1, seed=3)
    values: list[float] = []
    while not values or min(values) > -12:
        (genome,) = search.ask(1)
        values.append(ones(genome)[0])
        search.tell([genome], [ones(genome)])
    assert len(values) <= 12 * 2 * 12  # at most all neighbours of every point on the way


@pytest.mark.parametrize("noise", [0.0, 20.0])
def test_pareto_local_search_explores_only_neighbours_of_its_front(
    problem: SearchProblem, noise: float
) -> None:
    def measure(genome: Genome) -> Vector:
        rng = random.Random(str(genome))
        first = sum(genome.values)
        second = sum((2 - v) * (i + 1) for i, v in enumerate(genome.values[:5]))
        return (first + noise * rng.random(), second + noise * rng.random())

    search = ParetoLocalSearch(problem, population=2, num_objectives=2, seed=0)
    told: dict[Genome, Vector] = {}
    for _ in range(150):
        (genome,) = search.ask(1)
        if len(told) >= NUM_FOUNDERS:
            front = front_of(told)
            assert search.archive == tuple(front)
            if all(distance(genome, member) != 1 for member in front):
                # bred, not a neighbour: everything around the front is known
                for member in front:
                    assert set(neighbours(member, problem, rng=random.Random(0))) <= set(told)
        told[genome] = measure(genome)
        search.tell([genome], [told[genome]])
    if noise == 0:
        everything = {
            genome: measure(genome)
            for genome in (Genome((*ops, *[0] * 5)) for ops in product(range(3), repeat=5))
        }
        assert {told[g] for g in front_of(told)} == {everything[g] for g in front_of(everything)}


def front_of(told: dict[Genome, Vector]) -> list[Genome]:
    keep = non_dominated(list(told.values()))
    return [genome for genome, is_best in zip(told, keep, strict=True) if is_best]
