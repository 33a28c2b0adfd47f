"""Canonical genomes: which genes are active, and the expression that equal functions share.

A position is *needed* if the classifier reads it, directly or through live edges. Positions before
a cell whose output is identically zero are not needed: they learn nothing. A rule gene is active
if at least one of its sites has live weights at a needed position. For macro genes, see
:mod:`evonas.space.macro.activity`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from evonas.space.cell import CellAnalysis, CellGraph, Wire
from evonas.space.cell_expression import expression
from evonas.space.gene_layout import GeneLayout, PositionGenes
from evonas.space.macro.activity import active_macro_genes

Values = Sequence[int]

NUM_REMEMBERED = 4096
"""Number of cached analyses: a search needs a genome's key and its active genes."""


@dataclass(frozen=True)
class _Analysis:
    """Analysis of one genome's values.

    Attributes:
        cells: analysis of each cell.
        positions: positions of this genome.
        needed: whether the classifier reads each position.
        active_macros: indices of the active macro genes.
        active_rules: indices of the active rule genes.
        folds_stem: whether the stem's rule may be replaced by its first-layer representative.
        folds_readout: whether the classifier's rule may be replaced likewise.
    """

    cells: tuple[CellAnalysis, ...]
    positions: tuple[PositionGenes, ...]
    needed: tuple[bool, ...]
    active_macros: frozenset[int]
    active_rules: frozenset[int]
    folds_stem: bool
    folds_readout: bool


@lru_cache(maxsize=NUM_REMEMBERED)
def _analyse(layout: GeneLayout, values: tuple[int, ...]) -> _Analysis:
    analyses = tuple(
        graph.analyse(values[genes])
        for graph, genes in zip(layout.graphs, layout.cell_genes, strict=True)
    )
    positions = layout.positions(values)
    wires_at: dict[tuple[int, bool, bool], tuple[list[int], list[int]]] = {}
    needed = [False] * len(positions)
    needed[-1] = True
    rules: set[int] = set()  # active at some site between the stem and the classifier
    for number in range(len(positions) - 1, 0, -1):
        if not needed[number]:
            continue
        position = positions[number]
        if position.cell < 0:
            if number < len(positions) - 1:
                rules.add(position.rule)
            needed[position.reads[0]] = True
            continue
        kind = position.cell, position.is_strided, position.changes_channels
        if kind not in wires_at:
            graph, analysis = layout.graphs[position.cell], analyses[position.cell]
            wires_at[kind] = _live_wires(graph, analysis, position)
        inputs, weighted = wires_at[kind]
        for source in inputs:
            needed[position.reads[source]] = True
            if position.input_rules:
                rules.add(position.input_rules[source])
        rules.update(position.edge_rules[wire] for wire in weighted)
    stem, readout = layout.stem_rule, layout.readout_rule
    # if the gene also serves other sites, it also decides what those send and learn
    folds_stem = layout.has_single_stem and stem != readout and stem not in rules
    folds_readout = stem != readout and readout not in rules
    rules.add(readout)
    if needed[0]:
        rules.add(stem)
    macros = active_macro_genes(layout, analyses, positions, needed)
    return _Analysis(
        analyses,
        positions,
        tuple(needed),
        macros,
        frozenset(rules),
        folds_stem,
        folds_readout,
    )


def _live_wires(
    graph: CellGraph, analysis: CellAnalysis, position: PositionGenes
) -> tuple[list[int], list[int]]:
    """Return the inputs read by live wires, and the indices of live wires with weights."""
    live = [(n, wire) for n, wire in enumerate(analysis.wires) if analysis.live[n]]
    inputs = {wire.source for _, wire in live if wire.source < graph.spec.inputs}
    weighted = [n for n, wire in live if _has_weights(graph, wire, position)]
    return sorted(inputs), weighted


def _has_weights(graph: CellGraph, wire: Wire, position: PositionGenes) -> bool:
    return graph.has_weights(
        wire, is_strided=position.is_strided, changes_channels=position.changes_channels
    )


def active(layout: GeneLayout, values: Values) -> tuple[bool, ...]:
    """Return for every gene whether changing it alone can change the canonical expression."""
    return _active(layout, tuple(values))


@lru_cache(maxsize=NUM_REMEMBERED)
def _active(layout: GeneLayout, values: tuple[int, ...]) -> tuple[bool, ...]:
    analysis = _analyse(layout, values)
    used = {
        p.cell for p, needed in zip(analysis.positions, analysis.needed, strict=True) if needed
    }
    flags: list[bool] = []
    for number, (graph, genes) in enumerate(zip(layout.graphs, layout.cell_genes, strict=True)):
        in_cell = graph.active(analysis.cells[number])
        flags.extend(in_cell if number in used else [False] * (genes.stop - genes.start))
    macros = range(layout.first_macro, layout.first_rule)
    flags.extend(g in analysis.active_macros for g in macros)
    flags.extend(g in analysis.active_rules for g in range(layout.first_rule, len(values)))
    if analysis.folds_stem and _is_one(layout.first_layer):
        flags[layout.stem_rule] = False
    if analysis.folds_readout and _is_one(layout.readout):
        flags[layout.readout_rule] = False
    return tuple(flags)


def _is_one(representatives: Sequence[int]) -> bool:
    """Whether there are several choices, all with the same representative."""
    return len(representatives) > 1 and len(set(representatives)) == 1


def canonical(layout: GeneLayout, values: Values) -> tuple[int, ...]:
    """Return the values with every inactive gene at its default.

    Folding one gene can make another inactive (the inputs of a node whose edges all became zero),
    so folding is repeated until nothing changes. It never changes the canonical expression.
    """
    defaults = _inactive_values(layout)
    current = tuple(values)
    while True:
        folded = [
            value if is_active else default
            for value, is_active, default in zip(
                current, active(layout, current), defaults, strict=True
            )
        ]
        analysis = _analyse(layout, tuple(folded))
        if analysis.folds_stem:
            folded[layout.stem_rule] = layout.first_layer[folded[layout.stem_rule]]
        if analysis.folds_readout:
            folded[layout.readout_rule] = layout.readout[folded[layout.readout_rule]]
        if tuple(folded) == current:
            return current
        current = tuple(folded)


def _inactive_values(layout: GeneLayout) -> tuple[int, ...]:
    """Return the value of each gene when it is inactive."""
    in_cells = [
        (graph.zero or 0) if gene.kind == "operation" else 0
        for graph in layout.graphs
        for gene in graph.genes
    ]
    return tuple(in_cells + [0] * (len(layout.counts) - layout.first_macro))


def canonical_expression(layout: GeneLayout, values: Values) -> str:
    """Return the canonical expression of a genome: equal for genomes of the same function.

    It has one part for the activation and one for the normalisation, if genomes choose them, and
    one for every needed position: its name and width, and its rule or the expression of its cell
    (:mod:`evonas.space.cell_expression`), in which operations with live weights name their rule.
    """
    analysis = _analyse(layout, tuple(values))
    made: dict[tuple[int, ...], str] = {}
    parts = [
        f"{gene.name}={gene.choices[values[layout.first_macro + number]]}"
        for number, gene in enumerate(layout.genes[layout.macro])
        if gene.kind in ("activation", "normalisation")
        and layout.first_macro + number in analysis.active_macros
    ]
    last = len(analysis.positions) - 1
    for number, position in enumerate(analysis.positions):
        if not analysis.needed[number]:
            continue
        if position.cell < 0:
            rule = values[position.rule]
            if number == 0 and analysis.folds_stem:
                rule = layout.first_layer[rule]
            if number == last and analysis.folds_readout:
                rule = layout.readout[rule]
            parts.append(f"{position.name}={layout.rules[rule]}")
            continue
        edge_rules = [values[gene] if gene >= 0 else 0 for gene in position.edge_rules]
        input_rules = [values[gene] for gene in position.input_rules]
        # consecutive cells often carry the same rules; their expression is computed once
        same = (
            position.cell, position.is_strided, position.changes_channels, *input_rules,
            *edge_rules,
        )  # fmt: skip
        if same not in made:
            made[same] = _cell_expression(layout, position, analysis.cells[position.cell], values)
        parts.append(f"{position.name}={made[same]}")
    return " ".join(parts)


def _cell_expression(
    layout: GeneLayout, position: PositionGenes, analysis: CellAnalysis, values: Values
) -> str:
    graph = layout.graphs[position.cell]
    labels: list[str | None] = []
    for wire, is_live, gene in zip(
        analysis.wires, analysis.live, position.edge_rules, strict=True
    ):
        operation = graph.operations[wire.operation]
        has_weights = _has_weights(graph, wire, position)
        if operation.kind == "identity" and not has_weights:
            labels.append(None)
        elif is_live and has_weights:
            labels.append(f"{operation.name}:{layout.rules[values[gene]]}")
        else:
            labels.append(operation.name)
    leaves = [str(node) for node in range(graph.spec.inputs)]
    if position.input_rules:
        leaves = [
            f"{leaf}:{layout.rules[values[gene]]}"
            for leaf, gene in zip(leaves, position.input_rules, strict=True)
        ]
    cell = expression(graph, analysis.wires, leaves=leaves, labels=labels)
    return f"{graph.name}[{cell}]"
