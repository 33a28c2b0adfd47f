"""NSGA-II: its survivors against DEAP's, failures, and better fronts than random search."""

import math
import random
from collections.abc import Callable
from statistics import mean

import pytest
from deap import base, tools

from evonas.search.engines import make_search
from evonas.search.pareto import Vector, hypervolume
from evonas.search.problem import SearchProblem
from evonas.search.pymoo_engines import pymoo_search
from evonas.search.pymoo_engines.nsga2 import Nsga2
from evonas.search.unseen import UnseenGenomes
from evonas.search.variation import vary
from evonas.space import Genome

POPULATION = 20


class Individual:
    """An individual as DEAP's selection expects it."""

    def __init__(self, genome: Genome, vector: Vector) -> None:
        self.genome = genome
        weights = (-1.0,) * len(vector)
        self.fitness = type("Fitness", (base.Fitness,), {"weights": weights})(vector)


@pytest.fixture
def problem(toy: Callable[..., SearchProblem]) -> SearchProblem:
    return toy(num_sites=6, num_operations=3, num_rules=3)


def make(problem: SearchProblem, *, seed: int, num_objectives: int = 2) -> Nsga2:
    return Nsga2(problem, population=POPULATION, num_objectives=num_objectives, seed=seed)


@pytest.mark.parametrize("num_objectives", [2, 3])
def test_survivors_match_deap(problem: SearchProblem, num_objectives: int) -> None:
    search, rng = make(problem, seed=0, num_objectives=num_objectives), random.Random(0)
    population: list[Individual] = []
    for _ in range(12):
        asked = search.ask(POPULATION)
        theirs = tools.selNSGA2(population, POPULATION)
        ours = [row for row in population if row.genome in search.parents]
        assert len(ours) == len(theirs) == len(population[:POPULATION])
        for row in population:  # among ends of a front (infinite distance) chance decides
            is_tied = getattr(row.fitness, "crowding_dist", 0) == math.inf
            assert (row in ours) == (row in theirs) or is_tied
        vectors = [tuple(rng.random() for _ in range(num_objectives)) for _ in asked]
        search.tell(asked, vectors)
        population = ours + list(map(Individual, asked, vectors))


@pytest.mark.parametrize("num_failed", [0, 1, 13, 20, 33, 40])
def test_failures_survive_only_if_successes_are_too_few(
    problem: SearchProblem, num_failed: int
) -> None:
    search, rng = make(problem, seed=0), random.Random(num_failed)
    fates = [None] * num_failed + [(1e9, 1e9 + i) for i in range(40 - num_failed)]
    rng.shuffle(fates)
    outcomes: dict[Genome, Vector | None] = {}
    for half in (fates[:20], fates[20:]):
        asked = search.ask(20)
        search.tell(asked, half)
        outcomes.update(zip(asked, half, strict=True))
    search.ask(1)
    num_failed_parents = sum(outcomes[genome] is None for genome in search.parents)
    assert len(search.parents) == POPULATION
    assert num_failed_parents == max(0, POPULATION - (40 - num_failed))


def test_failure_never_wins_tournament(
    problem: SearchProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = make(problem, seed=0)
    asked = search.ask(POPULATION)
    search.tell(asked, [None, *((1e9, 1e9 + i) for i in range(19))])
    mated: set[Genome] = set()

    def watched(
        first: Genome, second: Genome, problem: SearchProblem, *, rng: random.Random
    ) -> tuple[Genome, Genome]:
        mated.update((first, second))
        return vary(first, second, problem, rng=rng)

    monkeypatch.setattr(pymoo_search, "vary", watched)
    search.ask(200)
    assert asked[0] not in mated
    assert len(mated) > POPULATION / 2


def test_infeasible_survivors_are_ranked_by_violation_before_failures(
    problem: SearchProblem,
) -> None:
    search = make(problem, seed=0)
    fates: list[tuple[Vector | None, float]] = [((1e9, 1e9 + i), 0.0) for i in range(5)]
    fates += [(None, 2.0 + i) for i in range(25)] + [(None, math.inf)] * 10
    random.Random(0).shuffle(fates)
    told: dict[Genome, float] = {}
    for half in (fates[:20], fates[20:]):
        asked = search.ask(20)
        vectors, violations = zip(*half, strict=True)
        search.tell(asked, vectors, violations=violations)
        told.update(zip(asked, violations, strict=True))
    search.ask(1)
    survivors = sorted(told[genome] for genome in search.parents)
    assert survivors == [0.0] * 5 + [2.0 + i for i in range(15)]


def test_dominating_genome_always_survives(
    problem: SearchProblem, noise: Callable[[Genome], Vector]
) -> None:
    search = make(problem, seed=1)
    best: Vector = (-1.0, -1.0)
    asked = search.ask(POPULATION)
    search.tell(asked, [best, *(noise(genome) for genome in asked[1:])])
    for _ in range(5):
        genomes = search.ask(POPULATION)
        assert asked[0] in search.parents
        search.tell(genomes, [noise(genome) for genome in genomes])


def test_two_engines_share_no_operator_objects(problem: SearchProblem) -> None:
    first, second = (make(problem, seed=0)._engine for _ in range(2))
    for name in ("survival", "mating", "termination", "evaluator", "random_state"):
        assert getattr(first, name) is not getattr(second, name)


def leading_ones_trailing_zeros(genome: Genome) -> Vector:
    """The benchmark LOTZ (Laumanns et al. 2004), negated; hopeless for random search."""
    bits = genome.values[: len(genome.values) // 2]
    ones = next((i for i, bit in enumerate(bits) if bit != 1), len(bits))
    zeros = next((i for i, bit in enumerate(reversed(bits)) if bit != 0), len(bits))
    return (-float(ones), -float(zeros))


def archive_hypervolume(
    name: str, problem: SearchProblem, *, seed: int, count: int, num_evaluations: int
) -> float:
    search = make_search(name, problem, population=20, num_objectives=2, seed=seed)
    archive: list[Vector] = []
    while len(archive) < num_evaluations:
        asked = search.ask(count)
        vectors = [leading_ones_trailing_zeros(genome) for genome in asked]
        search.tell(asked, vectors)
        archive += vectors
    return hypervolume(archive, reference=(0.0, 0.0))


@pytest.mark.parametrize("count", [1, 20])
def test_nsga2_beats_random_search_on_leading_ones_trailing_zeros(
    toy: Callable[..., SearchProblem], count: int
) -> None:
    problem = toy(num_sites=16, num_operations=2)
    shares = {
        name: sorted(
            archive_hypervolume(name, problem, seed=seed, count=count, num_evaluations=400)
            for seed in range(5)
        )
        for name in ("nsga2", "random")
    }
    assert shares["nsga2"][0] > shares["random"][-1]
    assert mean(shares["nsga2"]) > 1.3 * mean(shares["random"])


def test_only_founders_are_random_for_any_ask_size(
    problem: SearchProblem, noise: Callable[[Genome], Vector], monkeypatch: pytest.MonkeyPatch
) -> None:
    search, drawn = make(problem, seed=0), 0
    draw = UnseenGenomes.draw

    def watched(
        source: UnseenGenomes, count: int, *, is_new: Callable[[str], bool]
    ) -> list[Genome]:
        nonlocal drawn
        drawn += count
        return draw(source, count, is_new=is_new)

    monkeypatch.setattr(UnseenGenomes, "draw", watched)
    for count in (5, 15, 3, 50, 1, 19, 100, 20, 20, 20):
        genomes = search.ask(count)
        assert len(genomes) == count
        search.tell(genomes, [noise(genome) for genome in genomes])
    assert drawn == POPULATION


def test_surplus_founders_undergo_survival_selection(problem: SearchProblem) -> None:
    search = make(problem, seed=0)
    asked = search.ask(30)
    search.tell(asked[:19], [(float(rank), float(rank)) for rank in range(19)])
    assert search.ask(1)
    assert search.parents == ()
    search.tell(asked[19:], [(float(rank), float(rank)) for rank in range(19, 8, -1)])
    search.ask(1)
    assert set(search.parents) >= {*asked[:14], *asked[-5:]}
    assert len(search.parents) == POPULATION


def test_failed_breeding_does_not_end_the_search(
    problem: SearchProblem, noise: Callable[[Genome], Vector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pymoo_search, "vary", lambda first, second, _, **__: (first, second))
    search = make(problem, seed=0)
    for _ in range(4):
        genomes = search.ask(POPULATION)
        assert len(genomes) == POPULATION
        search.tell(genomes, [noise(genome) for genome in genomes])


def test_pymoo_gets_failures_as_infeasible_with_worst_objectives(
    problem: SearchProblem,
) -> None:
    search = make(problem, seed=0)
    search.tell(search.ask(POPULATION), [(1e29, -1.0)] * 19 + [None])
    search.ask(1)
    rows = {bool(row.FEAS[0]): row.F.tolist() for row in search._engine.pop}
    assert rows == {True: [1e29, -1.0], False: [pymoo_search.WORST] * 2}
