"""Crossover and mutation, against a literal replica and the laws of their rates."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from evonas.search.problem import SearchProblem
from evonas.search.variation import vary
from evonas.space import Genome


def test_children_match_literal_replica(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=5, num_operations=4)
    for seed in range(50):
        parents = (
            random.Random(seed).choices(range(4), k=5),
            random.Random(-seed - 1).choices(range(4), k=5),
        )
        first, second = (Genome((*values, *[0] * 5)) for values in parents)
        children = vary(first, second, problem, rng=random.Random(seed))

        rng = random.Random(seed)
        for genome in (first, second):  # draws the only rule of this toy at inactive sites
            for operation in genome.values[:5]:
                if operation == 0:
                    rng.randrange(1)
        swaps = [rng.random() < 0.5 for _ in range(10)]
        crossed = [
            [b if swap else a for a, b, swap in zip(one, other, swaps, strict=True)]
            for one, other in ((first.values, second.values), (second.values, first.values))
        ]
        for values in crossed:
            rate = 1 / 5  # the rule genes have one choice each
            for locus in range(10):
                if rng.random() < rate:
                    values[locus] = rng.randint(0, 3 if locus < 5 else 0)
        assert [list(child.values) for child in children] == crossed


def test_mutation_redraws_one_active_gene_on_average(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=10, num_operations=5)
    parent = Genome((1,) * 10 + (0,) * 10)  # a single rule, so rule genes do not count
    rng = random.Random(0)
    changed = [
        sum(a != b for a, b in zip(child.values, parent.values, strict=True))
        for _ in range(2000)
        for child in vary(parent, parent, problem, rng=rng)
    ]
    expected = 10 * (1 / 10) * (4 / 5)
    assert sum(changed) / len(changed) == pytest.approx(expected, abs=4 * (0.8 / 4000) ** 0.5)


def test_active_rule_genes_with_choices_count_for_mutation_rate(
    toy: Callable[..., SearchProblem],
) -> None:
    problem = toy(num_sites=5, num_operations=2, num_rules=3)
    parent = Genome((0, 1, 1, 1, 1, 0, 2, 2, 2, 2))  # 9 active genes
    rng = random.Random(0)
    changed = [
        child.values[0] != parent.values[0]
        for _ in range(2000)
        for child in vary(parent, parent, problem, rng=rng)
    ]
    expected = (1 / 9) * (1 / 2)
    assert sum(changed) / 4000 == pytest.approx(expected, abs=4 * (expected / 4000) ** 0.5)


def test_newly_active_site_gets_a_uniformly_random_rule(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=1, num_operations=2, num_rules=4)
    silent = Genome((0, 0))
    rng = random.Random(0)
    woken = Counter(
        child.values[1]
        for _ in range(4000)
        for child in vary(silent, silent, problem, rng=rng)
        if child.values[0] == 1
    )
    total = woken.total()
    assert total > 2000
    for rule in range(4):
        assert woken[rule] / total == pytest.approx(1 / 4, abs=4 * (0.1875 / total) ** 0.5)


def test_children_are_canonical(toy: Callable[..., SearchProblem]) -> None:
    problem = toy(num_sites=6, num_operations=3, num_rules=3)
    rng = random.Random(0)
    genome = Genome((1,) * 6 + (2,) * 6)
    for _ in range(200):
        genome, other = vary(genome, Genome((0,) * 12), problem, rng=rng)
        assert problem.canonical(genome) == genome
        assert problem.canonical(other) == other


def test_global_generator_is_restored_even_if_deap_fails(
    toy: Callable[..., SearchProblem], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = toy(num_sites=3, num_operations=3)

    def fail(*_: object, **__: object) -> None:
        random.random()
        raise MemoryError

    monkeypatch.setattr("deap.tools.cxUniform", fail)
    before = random.getstate()
    with pytest.raises(MemoryError):
        vary(Genome((1,) * 6), Genome((1,) * 6), problem, rng=random.Random(0))
    assert random.getstate() == before
