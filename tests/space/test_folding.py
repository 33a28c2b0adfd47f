"""Laws of canonical genomes, keys and activity, on every space.

The oracle of activity is arithmetic: every block with weights is a number, the network is a
polynomial with positive coefficients in these numbers, and a rule gene is active exactly when the
numbers of its blocks move the value.
"""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from evonas.space import Blueprint, CellPlan, Genome, Space, from_data, load
from evonas.strict_yaml import parse_yaml

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=60, deadline=None)  # of each space


def draw(space: Space, seed: int) -> Genome:
    """A genome that is often partly dead: half of them have many zero operations."""
    rng = random.Random(seed)
    values = list(space.sample(rng).values)
    if rng.random() < 0.5:
        for number, gene in enumerate(space.genes):
            zero = next((z for z in ("none", "nil") if z in gene.choices), None)
            if gene.kind == "operation" and zero and rng.random() < 0.6:
                values[number] = gene.choices.index(zero)
    return Genome(tuple(values))


def changed(genome: Genome, number: int, value: int) -> Genome:
    return Genome((*genome.values[:number], value, *genome.values[number + 1 :]))


# -- canonical and key ----------------------------------------------------------------------------


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
def test_activity_does_not_depend_on_rules_which_are_the_last_genes(
    space: Space, seed: int
) -> None:
    genome, other = draw(space, seed), draw(space, seed + 1)
    is_rule = [gene.kind == "rule" for gene in space.genes]
    assert is_rule == sorted(is_rule)
    first = is_rule.index(True)
    mixed = Genome((*genome.values[:first], *other.values[first:]))
    assert space.is_active(mixed) == space.is_active(genome)


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


# -- activity against arithmetic ------------------------------------------------------------------


def cell_value(
    plan: CellPlan, inputs: list[int], weights: dict[str, int], *, only_live: bool
) -> int:
    """A cell of numbers: an edge multiplies, a node adds, concat weighs the nodes differently."""
    values = list(inputs)
    for target in range(plan.inputs, plan.inputs + plan.nodes):
        values.append(
            sum(
                weights[edge.name] * values[edge.source]
                for edge in plan.edges
                if edge.target == target
                and edge.operation.kind != "zero"
                and (edge.is_live or not only_live)
            )
        )
    nodes = values[plan.inputs :]
    if plan.join == "last":
        return nodes[-1]
    return sum(1000003**index * value for index, value in enumerate(nodes))


def network_value(
    blueprint: Blueprint, weight_of: dict[str, int], *, factors: dict[str, int] | None = None
) -> int:
    """The skeleton in numbers; only blocks with weights depend on ``weight_of`` (by site).

    The output of a position is multiplied by the factor of its width, if there is one.
    """
    factors = factors or {}
    outputs: list[int] = []
    for number, position in enumerate(blueprint.positions):
        before = outputs[-1] if outputs else 1
        if position.cell is None:
            own = weight_of[position.name] * (before + 1)
            outputs.append(own * factors.get(position.width, 1))
            continue
        plan = blueprint.cells[position.cell]
        inputs = [before] if plan.inputs == 1 else [outputs[max(number - 2, 0)], before]
        if plan.inputs == 2:
            inputs = [
                weight_of[f"{position.name}.preprocess{i}"] * (value + 1)
                for i, value in enumerate(inputs)
            ]
        weights = {}
        for edge in plan.edges:
            has_weights = position.has_weights(plan, edge)
            weights[edge.name] = (
                weight_of[f"{position.name}.edge{edge.name}"] if has_weights else 3
            )
        value = cell_value(plan, inputs, weights, only_live=False)
        outputs.append(value * factors.get(position.width, 1))
    return outputs[-1]


@few
@given(seed=seeds)
def test_rule_gene_is_active_iff_its_weights_affect_output(space: Space, seed: int) -> None:
    genome = draw(space, seed)
    blueprint = space.decode(genome)
    flags = space.is_active(genome)
    base = dict.fromkeys(blueprint.rules, 2)
    rules = [n for n, gene in enumerate(space.genes) if gene.kind == "rule"]
    sampled = random.Random(seed).sample(rules, min(len(rules), 8))
    for number in sampled:
        first, second = (space.decode(changed(genome, number, value)) for value in (0, 1))
        moved = {
            site: 5 if first.rules[site] != second.rules[site] else 2 for site in blueprint.rules
        }
        moves = network_value(blueprint, moved) != network_value(blueprint, base)
        assert flags[number] == moves, space.genes[number].name


@few
@given(seed=seeds)
def test_width_gene_that_affects_output_is_active(space: Space, seed: int) -> None:
    genome = draw(space, seed)
    blueprint = space.decode(genome)
    base = dict.fromkeys(blueprint.rules, 2)
    value = network_value(blueprint, base)
    for gene, is_active in zip(space.genes, space.is_active(genome), strict=True):
        if gene.kind == "channels":
            moved = network_value(blueprint, base, factors={gene.name: 7})
            assert is_active or moved == value, gene.name


@few
@given(seed=seeds)
def test_edge_is_live_iff_its_weight_affects_the_cell(space: Space, seed: int) -> None:
    for plan in space.decode(draw(space, seed)).cells.values():
        base = {edge.name: 2 for edge in plan.edges}
        inputs = [3] * plan.inputs
        value = cell_value(plan, inputs, base, only_live=False)
        assert cell_value(plan, inputs, base, only_live=True) == value
        assert plan.is_zero == (value == 0)
        for edge in plan.edges:
            moved = cell_value(plan, inputs, base | {edge.name: 7}, only_live=False)
            assert edge.is_live == (moved != value)
        for node in plan.live_inputs:
            bigger = [4 if other == node else 3 for other in range(plan.inputs)]
            assert cell_value(plan, bigger, base, only_live=False) != value


# -- the first layer ------------------------------------------------------------------------------

SAME_ON_STEM = {"fa": "bp", "usf": "bp", "frsf": "bp", "brsf": "bp", "kp": "kp", "dfa": "bp"}


def test_equivalent_stem_rules_are_folded() -> None:
    plain = load("nas-bench-201").resized(channels=4, cells=1)
    folded = plain.with_first_layer(SAME_ON_STEM)
    stem = [gene.name for gene in plain.genes].index("stem")
    genome = plain.parse("|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    texts = []
    for value in range(6):
        other = changed(genome, stem, value)
        texts.append(folded.format(folded.canonical(other)).partition("@")[2].split()[0])
        assert folded.key(folded.canonical(other)) == folded.key(other)
    assert texts == ["fa", "fa", "fa", "fa", "kp", "fa"]
    assert len({plain.key(changed(genome, stem, value)) for value in range(6)}) == 6
    assert len({folded.key(changed(genome, stem, value)) for value in range(6)}) == 2


def test_stem_with_only_equivalent_rules_is_inactive() -> None:
    rules = ("fa", "usf", "dfa")
    space = load("nas-bench-201").with_rules(rules).with_first_layer(SAME_ON_STEM)
    genome = space.sample(random.Random(0))
    stem = [gene.name for gene in space.genes].index("stem")
    assert not space.is_active(genome)[stem]
    assert space.canonical(changed(genome, stem, 2)).values[stem] == 0


def test_stem_sharing_its_rule_is_not_folded() -> None:
    space = load("tiny").with_first_layer(SAME_ON_STEM)
    stage = [gene.name for gene in space.genes].index("stage0")
    convolving = space.parse("|conv_3x3~0|+|skip~0|+|skip~0|")
    pooling = space.parse("|max_pool~0|+|skip~0|+|skip~0|")
    usf = 1
    assert space.key(changed(convolving, stage, usf)) != space.key(convolving)
    assert space.key(changed(pooling, stage, usf)) == space.key(pooling)
    assert space.canonical(changed(convolving, stage, usf)).values[stage] == usf
    assert space.canonical(changed(pooling, stage, usf)).values[stage] == 0


# -- the classifier -------------------------------------------------------------------------------

SAME_ON_CLASSIFIER = {"fa": "fa", "usf": "usf", "kp": "usf", "dfa": "fa"}


def test_equivalent_classifier_rules_are_folded() -> None:
    rules = ("fa", "usf", "kp", "dfa")
    plain = load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)
    folded = plain.with_readout(SAME_ON_CLASSIFIER)
    last = [gene.name for gene in plain.genes].index("classifier")
    genome = plain.parse("|skip_connect~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|")
    texts = []
    for value in range(4):
        other = changed(genome, last, value)
        texts.append(folded.format(folded.canonical(other)).split()[-1])
        assert folded.key(folded.canonical(other)) == folded.key(other)
        assert folded.is_active(other)[last]
    assert texts == ["fa", "usf", "usf", "fa"]
    assert len({plain.key(changed(genome, last, value)) for value in range(4)}) == 4
    assert len({folded.key(changed(genome, last, value)) for value in range(4)}) == 2


def test_classifier_with_only_equivalent_rules_is_inactive() -> None:
    space = load("nas-bench-201").with_rules(("usf", "kp")).with_readout(SAME_ON_CLASSIFIER)
    genome = space.sample(random.Random(0))
    last = [gene.name for gene in space.genes].index("classifier")
    assert not space.is_active(genome)[last]
    assert space.canonical(changed(genome, last, 1)).values[last] == 0


CELL_AND_CLASSIFIER = """
name: last-stage
description: the stem has a rule of its own, the last cell and the classifier share one
size: {channels: 4, cells: 1}
cells:
  cell:
    nodes: 1
    graph: dense
    join: last
    operations:
      skip: {kind: identity}
      conv: {kind: convolution, kernel: 3}
stages: [{cell: cell, channels: 1}, {cell: cell, channels: 2}]
rules: {choices: [usf, kp], granularity: stage}
"""


def test_classifier_sharing_its_rule_with_cells_is_not_folded() -> None:
    data = parse_yaml(CELL_AND_CLASSIFIER, where="test")
    space = from_data(data, where="test").with_readout(SAME_ON_CLASSIFIER)
    first, last = (n for n, gene in enumerate(space.genes) if gene.kind == "rule")
    assert space.decode(space.parse("|skip~0|")).rules.keys() >= {"stem", "classifier"}
    convolving, skipping = space.parse("|conv~0|"), space.parse("|skip~0|")
    other = changed(convolving, last, 1)
    assert space.key(other) != space.key(convolving)
    assert space.is_active(convolving)[last]
    assert space.canonical(other).values[last] == 1
    assert space.key(changed(skipping, first, 1)) != space.key(skipping)
