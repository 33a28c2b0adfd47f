"""Select what a supernet runs: one genome, or a mixture of all genomes.

In a mixture, every gene has a distribution over its choices that is independent of the other
genes, so the operation of an edge and the rule of a site each have a softmax. Along an edge from
``source`` to ``target``, operation k has the weight

    sum_s P(inputs = s, source in s) P(operation k on the slot of source in s)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from evonas.space import CellPlan, Genome, Position, Space
from evonas.space.cell import CellGraph
from evonas.space.rule_genes import gene_name

RuleShares = tuple[tuple[int, ...], Tensor]
"""Indices of rules, and their shares (rules,), which sum to 1."""


@dataclass(frozen=True)
class Term:
    """One operation along one edge.

    Attributes:
        source: index of the node that it reads.
        operation: index of the operation in the cell.
        weight: factor of its value, a scalar tensor; None for 1.
        slots: slots of the target that it may occupy, with their shares, which sum to 1.
    """

    source: int
    operation: int
    weight: Tensor | None
    slots: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Selection:
    """The operations that run, and the rules by which they learn.

    Attributes:
        cells: for every cell of the space, the terms that each of its computed nodes sums.
        rules: the rules of the layers at every site.
    """

    cells: dict[str, tuple[tuple[Term, ...], ...]]
    rules: dict[str, RuleShares]

    def of_edge(self, position: Position, target: int, term: Term) -> RuleShares | None:
        """The rules of one operation; None if it has no site, and so no weights."""
        shares = [
            (self.rules[site], share)
            for slot, share in term.slots
            if (site := f"{position.name}.edge{target}_{slot}") in self.rules
        ]
        if not shares:
            return None
        (indices, first), share = shares[0]
        if len(shares) == 1:
            return indices, first
        return indices, sum((s * share for (_, s), share in shares[1:]), first * share)


def select_genome(space: Space, genome: Genome) -> Selection:
    """Select one genome: its live edges, and one rule per site."""
    blueprint = space.decode(genome)
    cells = {name: _of_plan(graph, blueprint.cells[name]) for name, graph in space.graphs.items()}
    one = torch.ones(1)
    rules: dict[str, RuleShares] = {
        site: ((space.rule_choices.index(rule),), one) for site, rule in blueprint.rules.items()
    }
    return Selection(cells, rules)


def select_mixture(space: Space, probabilities: Sequence[Tensor]) -> Selection:
    """Select all genomes at once, with each operation and rule weighted by its probability.

    Args:
        space: space of the genes.
        probabilities: for every gene, (choices,) with sum 1.
    """
    cells = {}
    cursor = 0
    for name, graph in space.graphs.items():
        end = cursor + len(graph.genes)
        if graph.fixed is None:
            cells[name] = _mixed(graph, probabilities[cursor:end])
        else:
            cells[name] = _of_plan(graph, graph.plan(()))
        cursor = end
    by_gene = dict(zip((gene.name for gene in space.genes), probabilities, strict=True))
    everything = tuple(range(len(space.rule_choices)))
    rules = {
        site: (everything, by_gene[gene_name(position, site, granularity=space.granularity)])
        for position in space.positions
        for site in position.sites
    }
    return Selection(cells, rules)


def _of_plan(graph: CellGraph, plan: CellPlan) -> tuple[tuple[Term, ...], ...]:
    operations = [operation.name for operation in graph.operations]
    return tuple(
        tuple(
            Term(
                edge.source,
                operations.index(edge.operation.name),
                None,
                ((int(edge.name.partition("_")[2]), 1.0),),
            )
            for edge in plan.edges
            if edge.is_live and edge.target == target
        )
        for target in graph.targets
    )


def _mixed(graph: CellGraph, probabilities: Sequence[Tensor]) -> tuple[tuple[Term, ...], ...]:
    left = iter(probabilities)
    nodes = []
    for target in graph.targets:
        sets = graph.sources[target]
        of_set = next(left) if len(sets) > 1 else torch.ones(1)
        of_slot = [next(left) for _ in sets[0]]
        terms: list[Term] = []
        for source in range(target):
            places = [
                (sources.index(source), number)
                for number, sources in enumerate(sets)
                if source in sources
            ]
            terms += _along(graph, source, places, of_set, of_slot)
        nodes.append(tuple(terms))
    return tuple(nodes)


def _along(
    graph: CellGraph,
    source: int,
    places: Sequence[tuple[int, int]],
    of_set: Tensor,
    of_slot: Sequence[Tensor],
) -> list[Term]:
    """The terms of one edge; ``places`` are pairs of a slot and the number of its input set."""
    slots = sorted({slot for slot, _ in places})
    weights = torch.stack(
        [sum((of_set[n] for s, n in places if s == slot), 0.0) * of_slot[slot] for slot in slots]
    )  # (slots, operations)
    totals = weights.sum(0)
    shares = (weights / totals.clamp_min(torch.finfo(totals.dtype).tiny)).detach().tolist()
    return [
        Term(
            source,
            number,
            totals[number],
            tuple((slot, row[number]) for slot, row in zip(slots, shares, strict=True)),
        )
        for number, operation in enumerate(graph.operations)
        if operation.kind != "zero"
    ]
