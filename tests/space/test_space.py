"""Laws of every space: text, decoding, sampling, sizes and isomorphism."""

import random
from math import comb, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.errors import GenomeError, SpaceError
from evonas.space import Gene, Genome, Space, from_data, load

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=60, deadline=None)  # of each space


# -- text -----------------------------------------------------------------------------------------


@few
@given(seed=seeds)
def test_canonical_genome_round_trips_through_text(space: Space, seed: int) -> None:
    genome = space.canonical(space.sample(random.Random(seed)))
    assert space.parse(space.format(genome)) == genome


@few
@given(seed=seeds)
def test_text_round_trip_keeps_the_function(space: Space, seed: int) -> None:
    genome = space.sample(random.Random(seed))
    assert space.key(space.parse(space.format(genome))) == space.key(genome)


# -- decoding -------------------------------------------------------------------------------------


@few
@given(seed=seeds)
def test_sites_and_rules_correspond_one_to_one(space: Space, seed: int) -> None:
    blueprint = space.decode(space.sample(random.Random(seed)))
    sites = [site for position in blueprint.positions for site in position.sites]
    assert len(sites) == len(set(sites))
    assert set(blueprint.rules) == set(sites)
    assert set(blueprint.rules.values()) <= set(space.rule_choices)


@few
@given(seed=seeds)
def test_every_block_with_weights_is_a_site(space: Space, seed: int) -> None:
    blueprint = space.decode(space.sample(random.Random(seed)))
    for position in blueprint.positions:
        if position.cell is None:
            assert position.sites == (position.name,)
            continue
        plan = blueprint.cells[position.cell]
        for edge in plan.edges:
            if position.has_weights(plan, edge):
                assert f"{position.name}.edge{edge.name}" in position.sites


def test_rule_genes_come_last_and_names_are_unique(space: Space) -> None:
    kinds = [gene.kind == "rule" for gene in space.genes]
    assert kinds == sorted(kinds)
    assert len({gene.name for gene in space.genes}) == len(space.genes)


def test_size_counts_every_combination_of_choices(space: Space) -> None:
    assert space.size == prod(len(gene.choices) for gene in space.genes)


def test_number_of_darts_cells_matches_paper() -> None:
    space = load("darts")
    normal = [gene for gene in space.genes if gene.name.startswith("normal.") and is_cell(gene)]
    # section 3.1 and footnote of Liu et al. 2019: product of (k+1)k/2 * 7^2 over k = 1..4
    published = prod(comb(k + 1, 2) * 7**2 for k in range(1, 5))
    assert prod(len(gene.choices) for gene in normal) == published == 1_037_664_180


def is_cell(gene: Gene) -> bool:
    return gene.kind != "rule"


# -- sampling -------------------------------------------------------------------------------------


def test_samples_are_uniform_over_every_gene() -> None:
    space, count = load("tiny"), 4000
    rng = random.Random(0)
    genomes = [space.sample(rng) for _ in range(count)]
    for number, gene in enumerate(space.genes):
        share = 1 / len(gene.choices)
        deviation = (count * share * (1 - share)) ** 0.5
        for value in range(len(gene.choices)):
            seen = sum(genome.values[number] == value for genome in genomes)
            assert abs(seen - count * share) < 4.5 * deviation


def test_samples_depend_only_on_given_generator(space: Space) -> None:
    random.seed(1)
    first = space.sample(random.Random(7))
    random.seed(2)
    assert space.sample(random.Random(7)) == first
    assert space.sample(random.Random(8)) != first or space.size < 100


# -- other sizes and rules ------------------------------------------------------------------------


def test_resizing_changes_only_the_skeleton() -> None:
    space = load("nas-bench-201").resized(channels=8, cells=2)
    assert (space.channels, space.cells) == (8, 2)
    assert [p.channels for p in space.positions] == [8, 8, 8, 16, 16, 16, 32, 32, 32, 32]
    assert space.resized() == space
    assert len(space.genes) == 6 + 1 + 6 * 6 + 2 + 1


@pytest.mark.parametrize(
    ("channels", "cells", "message"),
    [
        (0, 1, r"^space 'tiny', size\.channels: must be at least 1, got 0$"),
        (8, -1, r"^space 'tiny', size\.cells: must be at least 1, got -1$"),
        (6, 1, r"\$\.stages\[0\]\.channels: 4 groups of operation 'grouped_3x3' do not divide 6"),
    ],
)
def test_unsuitable_size_is_rejected(channels: int, cells: int, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        load("tiny").resized(channels=channels, cells=cells)


def test_replacement_rules_are_validated() -> None:
    assert load("tiny").with_rules(["bp"]).rule_choices == ("bp",)
    with pytest.raises(
        SpaceError, match=r"^space 'tiny', rules\.choices\[1\]: 'fa' is given twice"
    ):
        load("tiny").with_rules(["fa", "fa"])
    with pytest.raises(SpaceError, match=r"rules\.choices: expected at least one rule, got none"):
        load("tiny").with_rules([])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0,) * 6, r"^genome: expected 7 genes \(space 'tiny', 1 cells per stage\), got 6$"),
        ((0, 0, 0, 0, 0, 6, 0), r"^genome, gene 'stage0': expected 0 to 5, got 6$"),
        ((0, 0, 0, 0, 0, 0, -1), r"^genome, gene 'stage1': expected 0 to 5, got -1$"),
    ],
)
def test_genome_that_does_not_fit_the_space_is_rejected(
    values: tuple[int, ...], message: str
) -> None:
    space = load("tiny")
    for use in (space.key, space.canonical, space.decode, space.format, space.is_active):
        with pytest.raises(GenomeError, match=message):
            use(Genome(values))


# -- isomorphism ----------------------------------------------------------------------------------


def test_permuted_parallel_nodes_share_a_key() -> None:
    space = load("tiny")
    keys = {
        space.key(space.parse(f"|{a}~0|+|{b}~0|+|{c}~0| @ usf fa"))
        for a, b, c in [
            ("skip", "conv_3x3", "sep_3x3"),
            ("sep_3x3", "skip", "conv_3x3"),
            ("conv_3x3", "sep_3x3", "skip"),
        ]
    }
    assert len(keys) == 1


def test_permuted_nodes_share_a_key_only_with_matching_rules() -> None:
    data = {
        "name": "swap",
        "description": "two parallel convolutions, twice",
        "size": {"channels": 4, "cells": 2},
        "cells": {
            "cell": {
                "nodes": 2,
                "graph": {"choose": 1},
                "join": "sum",
                "operations": {"conv": {"kind": "convolution", "kernel": 3}},
            }
        },
        "stages": [{"cell": "cell", "channels": 1}],
        "rules": {"choices": ["fa", "usf"]},
    }
    space = from_data(data, where="test")
    cell = "|conv~0|+|conv~0|"
    genome = space.parse(f"{cell} @ fa fa usf fa usf fa")
    swapped_in_one = space.parse(f"{cell} @ fa fa usf usf fa fa")
    another = space.parse(f"{cell} @ fa fa fa usf usf fa")
    assert space.key(genome) == space.key(swapped_in_one)
    assert space.key(genome) != space.key(another)
