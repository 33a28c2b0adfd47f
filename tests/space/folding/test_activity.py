"""Which genes and edges are active, on every space; the oracle is arithmetic.

Every block with weights is a number, the network is a polynomial with positive coefficients in
these numbers, and a rule gene is active exactly when the numbers of its blocks move the value.
"""

import random

from hypothesis import given

from evonas.space import Blueprint, CellPlan, Genome, Space
from tests.space.folding.genomes import changed, draw, few, seeds


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
