"""Oracles: counting, numbers drawn by NumPy, all genomes of a small space sorted."""

import itertools
import random
from collections.abc import Callable

import numpy as np
import pytest

from evonas.search.problem import SearchProblem
from evonas.search.supernet_guided.logits import LogitSpace, peak_height
from evonas.search.supernet_guided.most_probable import most_probable
from evonas.space import Genome, load

Maker = Callable[..., SearchProblem]


def test_encoding_and_decoding_a_canonical_genome_round_trips(toy: Maker) -> None:
    problem = toy(3, 4, 2)
    space = LogitSpace(problem)
    assert space.dimension == 3 * 4 + 3 * 2
    rng = random.Random(0)
    for _ in range(20):
        values = tuple(rng.randrange(len(gene.choices)) for gene in problem.genes)
        genome = problem.canonical(Genome(values))
        assert space.decode(space.around(genome, rate=0.1)) == genome


@pytest.mark.parametrize(("num_choices", "rate"), [(2, 0.1), (5, 0.1), (5, 0.4), (7, 0.02)])
def test_peak_is_lost_to_noise_at_the_given_rate(num_choices: int, rate: float) -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200_000, num_choices))
    rows[:, 0] += peak_height(num_choices, rate)
    assert (rows.argmax(1) != 0).mean() == pytest.approx(rate, abs=0.004)


def test_peak_height_of_single_choice_is_zero() -> None:
    assert peak_height(1, 0.1) == 0.0


def test_softmax_and_centring_act_on_each_gene_separately(toy: Maker) -> None:
    space = LogitSpace(toy(2, 3, 2))
    row = np.arange(10.0)
    for gene, shares in zip(space.genes(row), space.genes(space.softmax(row)), strict=True):
        assert shares == pytest.approx(np.exp(gene) / np.exp(gene).sum())
    assert space.softmax(space.centred(row)) == pytest.approx(space.softmax(row))
    assert [gene.sum() for gene in space.genes(space.centred(row))] == pytest.approx([0.0] * 4)


def test_similarity_of_equal_unrelated_and_opposite_rows(
    toy: Maker,
) -> None:
    space = LogitSpace(toy(1, 3, 1))  # the rule has one choice, and no direction
    row = np.array([1.0, 0.0, -1.0, 9.0])
    across = np.array([1.0, -2.0, 1.0, 0.0])
    assert space.similarity(row, 3.0 * row + 5.0) == pytest.approx(1.0)
    assert space.similarity(row, across) == pytest.approx(0.5)
    assert space.similarity(row, -row) == pytest.approx(0.0)
    assert space.similarity(row, np.zeros(4)) == 1.0


def test_draw_frequencies_match_softmax(toy: Maker) -> None:
    space = LogitSpace(toy(1, 3, 1))
    row = np.array([1.0, 0.0, 0.5, 0.0])
    rng = random.Random(0)
    drawn = [space.draw(row, rng=rng).values[0] for _ in range(20_000)]
    found = [drawn.count(value) / len(drawn) for value in range(3)]
    assert found == pytest.approx(space.softmax(row)[:3].tolist(), abs=0.012)


def test_most_probable_lists_every_genome_once_in_order(toy: Maker) -> None:
    """Of those that differ only in inactive rules, only the best."""
    problem = toy(2, 3, 2)
    space = LogitSpace(problem)
    row = np.random.default_rng(3).standard_normal(space.dimension)

    def total(genome: Genome) -> float:
        pairs = zip(space.genes(row), genome.values, strict=True)
        return float(sum(gene[value] for gene, value in pairs))

    best: dict[str, float] = {}
    for values in itertools.product(*(range(len(gene.choices)) for gene in problem.genes)):
        key = problem.key(Genome(values))
        best[key] = max(total(Genome(values)), best.get(key, -np.inf))
    found = list(most_probable(space, row))
    assert sorted(map(problem.key, found)) == sorted(best)
    assert [total(genome) for genome in found] == pytest.approx(sorted(best.values())[::-1])


def test_most_probable_networks_differ_where_most_rules_are_inactive() -> None:
    """Logits that prefer skips leave only the rules of a few layers."""
    problem = load("nas-bench-201")
    space = LogitSpace(problem)
    row = np.random.default_rng(0).standard_normal(space.dimension)
    for gene, logits in zip(problem.genes, space.genes(row), strict=True):
        if gene.kind == "operation":
            logits[gene.choices.index("skip_connect")] += 5.0
    first = itertools.islice(most_probable(space, row), 300)
    assert len({problem.key(problem.canonical(genome)) for genome in first}) > 250


def test_most_probable_is_lazy_in_a_large_space(toy: Maker) -> None:
    space = LogitSpace(toy(40, 5, 6))
    row = np.random.default_rng(3).standard_normal(space.dimension)
    first = list(itertools.islice(most_probable(space, row), 50))
    assert len(set(first)) == 50
