"""Oracles: enumeration of all possible fronts, counting by hand, and random fronts."""

import math
import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from evonas.analysis.enrichment import RuleShare, enrichment
from evonas.analysis.population import Member, Population
from evonas.space import Space
from tests.analysis.populations import member, population, random_genomes, space_of

CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"


def uniform_member(space: Space, rule: str, *, run: int = 0, on_front: bool = False) -> Member:
    count = sum(gene.kind == "rule" for gene in space.genes)
    return member(space, f"{CELL} @ {' '.join([rule] * count)}", run=run, on_front=on_front)


def cell(found: list[RuleShare], depth: str, rule: str) -> RuleShare:
    (one,) = [c for c in found if (c.depth, c.rule) == (depth, rule)]
    return one


def random_population(seed: int, *, size: int, front: int) -> Population:
    space = space_of("fa", "usf")
    chosen = set(random.Random(seed).sample(range(size), front))
    genomes = random_genomes(space, size, seed=seed)
    return population(
        space, [member(space, g, on_front=i in chosen) for i, g in enumerate(genomes)]
    )


def test_shares_count_only_sites_with_weights() -> None:
    space = space_of("fa", "usf")
    members = [
        uniform_member(space, "usf", on_front=True),
        *[uniform_member(space, "fa") for _ in range(3)],
    ]
    one = cell(enrichment(population(space, members), seed=0), "stage1", "usf")
    assert (one.sites_front, one.sites_all) == (2, 2)
    assert (one.share_front, one.share_all, one.difference) == (1.0, 0.25, 0.75)


def test_p_matches_enumeration_of_fronts_of_equal_size() -> None:
    some = random_population(3, size=9, front=3)
    found = enrichment(some, seed=0, permutations=8_000)
    for depth in ("stage0", "stage2"):
        shares: dict[tuple[int, ...], float] = {}
        for chosen in combinations(range(9), 3):
            members = [replace(m, on_front=i in chosen) for i, m in enumerate(some.members)]
            other = enrichment(population(some.space, members), seed=0, permutations=1)
            shares[chosen] = cell(other, depth, "fa").share_front
        values = np.array([v for v in shares.values() if not math.isnan(v)])
        observed = tuple(i for i, m in enumerate(some.members) if m.on_front)
        away = np.abs(values - values.mean())
        exact = (away >= abs(shares[observed] - values.mean()) - 1e-9).mean()
        assert cell(found, depth, "fa").p == pytest.approx(exact, abs=0.02)


def test_p_of_random_fronts_is_calibrated() -> None:
    p = []
    for seed in range(40):
        some = random_population(seed, size=30, front=8)
        p += [c.p for c in enrichment(some, seed=seed, permutations=200) if c.rule == "fa"]
    known = np.array([value for value in p if not math.isnan(value)])
    assert 0.01 < (known <= 0.05).mean() < 0.1  # about 280 cells, correlated within a population
    assert known.mean() > 0.45


def test_rule_that_determines_the_front_is_significant_after_holm() -> None:
    space = space_of("fa", "usf")
    members = [uniform_member(space, "usf", on_front=True) for _ in range(6)]
    members += [uniform_member(space, "fa") for _ in range(24)]
    found = enrichment(population(space, members), seed=0)
    for depth in ("stage0", "stage2", "classifier"):
        assert cell(found, depth, "usf").p_holm < 0.01
        assert cell(found, depth, "usf").difference == pytest.approx(0.8)


def test_differences_between_runs_are_not_enrichment() -> None:
    space = space_of("fa", "usf")
    members = [uniform_member(space, "fa", on_front=i < 5) for i in range(10)]
    members += [uniform_member(space, "usf", run=1, on_front=i < 1) for i in range(20)]
    found = enrichment(population(space, members), seed=0)
    assert cell(found, "stage1", "fa").difference == pytest.approx(5 / 6 - 1 / 3)
    # within each run all candidates have equal rules, so there is nothing to test
    assert all(math.isnan(c.p) and math.isnan(c.p_holm) for c in found)


def test_p_of_single_member_front_is_bounded_by_population_size() -> None:
    some = random_population(1, size=12, front=1)
    for one in enrichment(some, seed=0):
        if not math.isnan(one.p):
            assert one.p_least > 0.7 / 12
            assert one.p >= one.p_least


def test_p_is_reproducible_and_depends_little_on_seed() -> None:
    some = random_population(2, size=20, front=5)
    first, again, other = (enrichment(some, seed=seed) for seed in (0, 0, 1))
    assert repr(first) == repr(again) != repr(other)
    for one, two in zip(first, other, strict=True):
        assert math.isnan(one.p) == math.isnan(two.p)
        assert math.isnan(one.p) or one.p == pytest.approx(two.p, abs=0.03)


def test_space_with_one_rule_has_no_enrichment() -> None:
    space = space_of("fa")
    assert enrichment(population(space, [uniform_member(space, "fa")]), seed=0) == []
