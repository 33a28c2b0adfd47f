"""Laws of canonical genomes and their keys, on random genomes of every space."""

import random

from hypothesis import given

from evonas.space import Genome, Space, from_data
from tests.space.folding.genomes import changed, draw, few, seeds


@few
@given(seed=seeds)
def test_canonical_form_keeps_key_and_is_idempotent(space: Space, seed: int) -> None:
    genome = draw(space, seed)
    canonical = space.canonical(genome)
    assert space.key(canonical) == space.key(genome)
    assert space.canonical(canonical) == canonical


def single_changes(space: Space, genome: Genome, seed: int) -> list[tuple[int, Genome]]:
    """Each gene of the cells, and a few rule genes, changed to another choice; one at a time."""
    rng = random.Random(seed)
    cells = [number for number, gene in enumerate(space.genes) if gene.kind != "rule"]
    rules = range(len(cells), len(space.genes))
    picked = [*cells, *rng.sample(rules, min(10, len(rules)))]
    return [
        (number, changed(genome, number, (genome.values[number] + step) % count))
        for number in picked
        if (count := len(space.genes[number].choices)) > 1
        for step in [rng.randrange(1, count)]
    ]


@few
@given(seed=seeds)
def test_inactive_genes_affect_neither_key_nor_canonical_form(space: Space, seed: int) -> None:
    genome = draw(space, seed)
    flags = space.is_active(genome)
    for number, other in single_changes(space, genome, seed):
        if not flags[number]:
            assert space.key(other) == space.key(genome), space.genes[number].name
            assert space.canonical(other) == space.canonical(genome), space.genes[number].name


@few
@given(seed=seeds)
def test_active_genes_except_inputs_and_repeat_affect_the_key(space: Space, seed: int) -> None:
    genome = draw(space, seed)
    flags = space.is_active(genome)
    for number, other in single_changes(space, genome, seed):
        if flags[number] and space.genes[number].kind not in ("inputs", "repeat"):
            assert space.key(other) != space.key(genome), space.genes[number].name


@few
@given(seed=seeds)
def test_inactive_genes_of_canonical_genome_have_default_values(space: Space, seed: int) -> None:
    genome = space.canonical(draw(space, seed))
    for gene, value, is_active in zip(
        space.genes, genome.values, space.is_active(genome), strict=True
    ):
        if not is_active:
            assert gene.choices[value] in {"none", "nil", gene.choices[0]}


@few
@given(seed=seeds)
def test_zeroing_any_remaining_canonical_edge_changes_the_key(space: Space, seed: int) -> None:
    genome = space.canonical(draw(space, seed))
    for number, gene in enumerate(space.genes):
        zero = next((z for z in ("none", "nil") if z in gene.choices), None)
        if gene.kind == "operation" and zero and gene.choices[genome.values[number]] != zero:
            other = changed(genome, number, gene.choices.index(zero))
            assert space.key(other) != space.key(genome)


def test_node_with_only_zero_edges_reads_its_first_inputs() -> None:
    data = {
        "name": "choosy",
        "description": "a zero edge may come from anywhere",
        "size": {"channels": 4, "cells": 1},
        "cells": {
            "cell": {
                "nodes": 2,
                "graph": {"choose": 1},
                "join": "sum",
                "operations": {"nil": {"kind": "zero"}, "skip": {"kind": "identity"}},
            }
        },
        "stages": [{"cell": "cell", "channels": 1}],
        "rules": {"choices": ["fa"], "granularity": "network"},
    }
    space = from_data(data, where="test")
    expected = space.parse("|skip~0|+|nil~0|")
    assert space.canonical(space.parse("|skip~0|+|nil~1|")) == expected
    # the skip becomes zero, as its source is zero; only then its inputs do not matter
    empty = space.parse("|nil~0|+|nil~0|")
    assert space.canonical(space.parse("|nil~0|+|skip~1|")) == empty
