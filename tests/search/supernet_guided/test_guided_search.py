"""The wrapped search keeps the contract of a search; credit by counting."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from evonas.search.base import AbstractSearch
from evonas.search.model_guided.evonas_search import EvonasSearch
from evonas.search.pareto import Vector, non_dominated
from evonas.search.problem import SearchProblem
from evonas.search.pymoo_engines.nsga2 import Nsga2
from evonas.search.supernet_guided.eg_mutation import EgMutation, EgSettings
from evonas.search.supernet_guided.guided_search import EG, PLAIN, GuidedSearch
from evonas.space import Genome

Maker = Callable[..., SearchProblem]
Guides = Callable[[SearchProblem, Genome], Any]
POPULATION = 6


def guided(
    problem: SearchProblem,
    guides: Guides,
    *,
    seed: int = 0,
    share: float = 0.5,
    engine: type[AbstractSearch] = Nsga2,
) -> GuidedSearch:
    target = problem.canonical(Genome((1,) * len(problem.genes)))
    mutation = EgMutation(problem, guides(problem, target), seed=seed, settings=EgSettings())
    inner = engine(problem, population=POPULATION, num_objectives=2, seed=seed)
    return GuidedSearch(inner, mutation, seed=seed, share=share)


def run(
    search: GuidedSearch,
    measure: Callable[[Genome], Vector | None],
    *,
    rounds: int,
    count: int = POPULATION,
    shuffled: random.Random | None = None,
) -> list[Genome]:
    asked = []
    for _ in range(rounds):
        genomes = search.ask(count)
        asked += genomes
        told = genomes[:]
        if shuffled is not None:
            shuffled.shuffle(told)
        search.tell(told, [measure(genome) for genome in told])
    return asked


@pytest.mark.parametrize("engine", [Nsga2, EvonasSearch])
def test_asks_are_full_and_never_repeat_a_genome(
    toy: Maker,
    formula_guide: Guides,
    noise: Callable[[Genome], Vector | None],
    engine: type[AbstractSearch],
) -> None:
    problem = toy(4, 4, 2)
    asked = run(guided(problem, formula_guide, engine=engine), noise, rounds=8)
    assert len(asked) == 8 * POPULATION
    assert len({problem.key(genome) for genome in asked}) == len(asked)


@pytest.mark.parametrize("count", [1, POPULATION])
def test_half_of_the_children_come_from_eg_mutation(
    toy: Maker, formula_guide: Guides, noise: Callable[[Genome], Vector | None], count: int
) -> None:
    search = guided(toy(5, 4, 2), formula_guide)
    asked = run(search, noise, rounds=6 * POPULATION // count, count=count)
    operators = [search.operator(genome) for genome in asked]
    assert operators[:POPULATION] == [None] * POPULATION
    children = operators[POPULATION:]
    # a parent whose neighbours are all known leaves its place to the engine
    assert abs(children.count(EG) - children.count(PLAIN)) <= 2


def away_from_guide(genome: Genome) -> Vector:
    """Worse, the closer a genome is to what the guide prefers (all genes 1)."""
    misled = float(sum(value == 1 for value in genome.values))
    return misled, misled + 0.1 * genome.values[0]


def near_guide(genome: Genome) -> Vector:
    """Better, the closer a genome is to what the guide prefers."""
    apart = float(sum(value != 1 for value in genome.values))
    return apart, apart + 0.1 * genome.values[0]


def test_model_asks_for_eg_children_only_where_guide_is_right(
    toy: Maker, formula_guide: Guides
) -> None:
    """With a fixed share both would be one half."""
    shares = []
    for measure in (near_guide, away_from_guide):
        children: list[str | None] = []
        for seed in range(3):
            search = guided(toy(8, 5, 2), formula_guide, seed=seed, engine=EvonasSearch)
            asked = run(search, measure, rounds=5)
            children += [search.operator(genome) for genome in asked[2 * POPULATION :]]
        shares.append(children.count(EG) / len(children))
    right, wrong = shares
    assert right > wrong + 0.2


def test_model_gets_as_many_parents_as_share_allows(
    toy: Maker, formula_guide: Guides, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = guided(toy(6, 5, 2), formula_guide, engine=EvonasSearch)
    run(search, near_guide, rounds=2)
    bred: list[int] = []
    children = EgMutation.children

    def watched(mutation: EgMutation, parent: Genome, count: int, **rest: Any) -> list[Genome]:
        bred.append(count)
        return children(mutation, parent, count, **rest)

    monkeypatch.setattr(EgMutation, "children", watched)
    run(search, near_guide, rounds=4)
    assert bred == [12] * (4 * POPULATION // 2 // 2)  # half of the places, two places a parent


def test_engine_without_model_rejects_proposals(toy: Maker) -> None:
    problem = toy(4, 4, 2)
    engine = Nsga2(problem, population=POPULATION, num_objectives=2, seed=0)
    with pytest.raises(NotImplementedError, match="nsga2 has no model"):
        engine.consider([problem.canonical(Genome((1,) * len(problem.genes)))])


@pytest.mark.parametrize("engine", [Nsga2, EvonasSearch])
def test_order_of_results_does_not_matter(
    toy: Maker,
    formula_guide: Guides,
    noise: Callable[[Genome], Vector | None],
    engine: type[AbstractSearch],
) -> None:
    problem = toy(5, 4, 2)
    one, other = (guided(problem, formula_guide, engine=engine) for _ in range(2))
    assert run(one, noise, rounds=6) == run(other, noise, rounds=6, shuffled=random.Random(3))
    assert one.credit() == other.credit()


def test_credit_counts_outcomes_of_each_operators_children(
    toy: Maker, formula_guide: Guides, noise: Callable[[Genome], Vector | None]
) -> None:
    problem = toy(5, 4, 2)
    search = guided(problem, formula_guide)
    told: list[Genome] = []
    entered: set[Genome] = set()
    for _ in range(7):
        genomes = run(search, noise, rounds=1)
        told += genomes
        front = dict(zip(told, non_dominated([noise(genome) for genome in told]), strict=True))
        entered |= {genome for genome in genomes if front[genome]}
    for operator, credit in search.credit().items():
        children = [genome for genome in told if search.operator(genome) == operator]
        assert credit.asked == len(children)
        assert credit.failed == sum(noise(genome) is None for genome in children)
        assert credit.entered == sum(genome in entered for genome in children)
        assert credit.on_front == sum(front[genome] for genome in children)


def test_no_operator_is_used_while_everything_fails(toy: Maker, formula_guide: Guides) -> None:
    search = guided(toy(5, 4, 2), formula_guide)
    asked = run(search, lambda _: None, rounds=4)
    assert {search.operator(genome) for genome in asked} == {None}


def test_least_violations_are_parents_while_nothing_is_feasible(
    toy: Maker, formula_guide: Guides
) -> None:
    search = guided(toy(5, 4, 2), formula_guide)
    asked: list[Genome] = []
    for _ in range(4):
        genomes = search.ask(POPULATION)
        asked += genomes
        violations = [1.0 + sum(genome.values) for genome in genomes]
        search.tell(genomes, [None] * len(genomes), violations=violations)
    least = min(sum(genome.values) for genome in asked)
    search.ask(1)
    assert set(search._parents()) == {genome for genome in asked if sum(genome.values) == least}
    assert EG in {search.operator(genome) for genome in asked}


def test_constraint_violations_do_not_count_as_failures(toy: Maker, formula_guide: Guides) -> None:
    search = guided(toy(4, 4, 2), formula_guide)
    for _ in range(3):
        genomes = search.ask(POPULATION)
        violations = [math.inf if at == 0 else 1.0 for at in range(POPULATION)]
        search.tell(genomes, [None] * POPULATION, violations=violations)
    credit = search.credit()
    assert credit[EG].asked + credit[PLAIN].asked == 2 * POPULATION
    assert credit[EG].failed + credit[PLAIN].failed == 2  # one of each ask that had parents


def test_exhausted_space_ends_cleanly(
    toy: Maker, formula_guide: Guides, noise: Callable[[Genome], Vector | None]
) -> None:
    problem = toy(2, 3, 2)  # 25 networks
    search = guided(problem, formula_guide)
    asked = run(search, noise, rounds=8)
    assert len(asked) == 25
    assert search.ask(3) == []
