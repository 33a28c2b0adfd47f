"""Which genes matter, and the form that genomes share when they are one function.

A position is *needed* when the classifier reads it, directly or through live edges: what stands
before a cell whose output is identically zero trains nothing. A rule gene is active when some site
of it has live weights at a needed position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from evonas.space.cell import Anatomy, CellGraph
from evonas.space.cell_expression import expression
from evonas.space.layout import Layout, Place

Values = Sequence[int]

NUM_REMEMBERED = 4096
"""Readings are kept: a search asks for the form of a genome, its key, and what is active."""


@dataclass(frozen=True)
class _Reading:
    """What one genome amounts to."""

    anatomies: tuple[Anatomy, ...]
    needed: tuple[bool, ...]
    active_rules: frozenset[int]
    folds_stem: bool
    folds_readout: bool


@lru_cache(maxsize=NUM_REMEMBERED)
def _read(layout: Layout, values: tuple[int, ...]) -> _Reading:
    anatomies = tuple(
        graph.anatomy(values[genes])
        for graph, genes in zip(layout.graphs, layout.cell_genes, strict=True)
    )
    wires_at = {
        (number, is_strided): _live_wires(graph, anatomy, is_strided=is_strided)
        for number, (graph, anatomy) in enumerate(zip(layout.graphs, anatomies, strict=True))
        for is_strided in (False, True)
    }
    needed = [False] * len(layout.places)
    needed[-1] = True
    rules: set[int] = set()  # active at some site between the stem and the classifier
    for number in range(len(layout.places) - 1, 0, -1):
        if not needed[number]:
            continue
        place = layout.places[number]
        if place.cell < 0:
            if number < len(layout.places) - 1:
                rules.add(place.rule)
            needed[place.reads[0]] = True
            continue
        inputs, weighted = wires_at[place.cell, place.is_strided]
        for source in inputs:
            needed[place.reads[source]] = True
            if place.input_rules:
                rules.add(place.input_rules[source])
        rules.update(place.edge_rules[wire] for wire in weighted)
    stem, readout = layout.stem_rule, layout.readout_rule
    # else the choice also decides what another site sends, or learns
    folds_stem = stem != readout and stem not in rules
    folds_readout = stem != readout and readout not in rules
    rules.add(readout)
    if needed[0]:
        rules.add(stem)
    return _Reading(anatomies, tuple(needed), frozenset(rules), folds_stem, folds_readout)


def _live_wires(
    graph: CellGraph, anatomy: Anatomy, *, is_strided: bool
) -> tuple[list[int], list[int]]:
    """Which inputs live wires read, and which of the live wires carry weights."""
    live = [(n, wire) for n, wire in enumerate(anatomy.wires) if anatomy.live[n]]
    inputs = {wire.source for _, wire in live if wire.source < graph.spec.inputs}
    return sorted(inputs), [n for n, w in live if graph.has_weights(w, is_strided=is_strided)]


def active(layout: Layout, values: Values) -> tuple[bool, ...]:
    """For every gene whether changing it alone can change the form."""
    return _active(layout, tuple(values))


@lru_cache(maxsize=NUM_REMEMBERED)
def _active(layout: Layout, values: tuple[int, ...]) -> tuple[bool, ...]:
    reading = _read(layout, values)
    used = {p.cell for p, needed in zip(layout.places, reading.needed, strict=True) if needed}
    flags: list[bool] = []
    for number, (graph, genes) in enumerate(zip(layout.graphs, layout.cell_genes, strict=True)):
        in_cell = graph.active(reading.anatomies[number])
        flags.extend(in_cell if number in used else [False] * (genes.stop - genes.start))
    flags.extend(g in reading.active_rules for g in range(layout.first_rule, len(values)))
    if reading.folds_stem and _is_one(layout.first_layer):
        flags[layout.stem_rule] = False
    if reading.folds_readout and _is_one(layout.readout):
        flags[layout.readout_rule] = False
    return tuple(flags)


def _is_one(representatives: Sequence[int]) -> bool:
    """Whether several choices are all the same."""
    return len(representatives) > 1 and len(set(representatives)) == 1


def canonical(layout: Layout, values: Values) -> tuple[int, ...]:
    """The values with all inactive genes folded.

    Folding one gene can make another inactive (the inputs of a node whose edges all became zero),
    so it is repeated until nothing changes; every round keeps the form.
    """
    resting = _resting(layout)
    current = tuple(values)
    while True:
        folded = [
            value if is_active else rest
            for value, is_active, rest in zip(
                current, active(layout, current), resting, strict=True
            )
        ]
        reading = _read(layout, tuple(folded))
        if reading.folds_stem:
            folded[layout.stem_rule] = layout.first_layer[folded[layout.stem_rule]]
        if reading.folds_readout:
            folded[layout.readout_rule] = layout.readout[folded[layout.readout_rule]]
        if tuple(folded) == current:
            return current
        current = tuple(folded)


def _resting(layout: Layout) -> tuple[int, ...]:
    """The value that each gene takes when it is inactive."""
    in_cells = [
        (graph.zero or 0) if gene.kind == "operation" else 0
        for graph in layout.graphs
        for gene in graph.genes
    ]
    return tuple(in_cells + [0] * (len(layout.counts) - layout.first_rule))


def form(layout: Layout, values: Values) -> str:
    """For every needed position its name, and its rule or its cell's labelled expression."""
    reading = _read(layout, tuple(values))
    made: dict[tuple[int, ...], str] = {}
    parts: list[str] = []
    for number, place in enumerate(layout.places):
        if not reading.needed[number]:
            continue
        if place.cell < 0:
            rule = values[place.rule]
            if number == 0 and reading.folds_stem:
                rule = layout.first_layer[rule]
            if number == len(layout.places) - 1 and reading.folds_readout:
                rule = layout.readout[rule]
            parts.append(f"{place.name}={layout.rules[rule]}")
            continue
        edge_rules = [values[gene] if gene >= 0 else 0 for gene in place.edge_rules]
        input_rules = [values[gene] for gene in place.input_rules]
        # cells in a row often carry the same rules; their expression is made once
        same = (place.cell, place.is_strided, *input_rules, *edge_rules)
        if same not in made:
            made[same] = _cell_form(layout, place, reading.anatomies[place.cell], values)
        parts.append(f"{place.name}={made[same]}")
    return " ".join(parts)


def _cell_form(layout: Layout, place: Place, anatomy: Anatomy, values: Values) -> str:
    graph = layout.graphs[place.cell]
    labels: list[str | None] = []
    for wire, is_live, gene in zip(anatomy.wires, anatomy.live, place.edge_rules, strict=True):
        operation = graph.operations[wire.operation]
        has_weights = graph.has_weights(wire, is_strided=place.is_strided)
        if operation.kind == "identity" and not has_weights:
            labels.append(None)
        elif is_live and has_weights:
            labels.append(f"{operation.name}:{layout.rules[values[gene]]}")
        else:
            labels.append(operation.name)
    leaves = [str(node) for node in range(graph.spec.inputs)]
    if place.input_rules:
        leaves = [
            f"{leaf}:{layout.rules[values[gene]]}"
            for leaf, gene in zip(leaves, place.input_rules, strict=True)
        ]
    cell = expression(graph, anatomy.wires, leaves=leaves, labels=labels)
    return f"{graph.name}[{cell}]"
