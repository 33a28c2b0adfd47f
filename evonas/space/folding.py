"""Which genes matter, and the form that genomes share when they are one function.

A position is *needed* when the classifier reads it, directly or through live edges: what stands
before a cell whose output is identically zero trains nothing. A rule gene is active when some site
of it has live weights at a needed position.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evonas.space.blueprint import Position
from evonas.space.cell import Anatomy, CellGraph
from evonas.space.form import expression
from evonas.space.genome import Gene
from evonas.space.sharing import gene_name

Values = Sequence[int]


@dataclass(frozen=True)
class Place:
    """A position with the numbers of its genes.

    Args:
        name: of the position.
        cell: the index of its cell, or -1.
        is_strided: as the position.
        reads: for each input, the index of the place it reads.
        rule: the rule gene of a position without a cell, or -1.
        input_rules: the rule genes of the preprocessing blocks.
        edge_rules: for every edge its rule gene, or -1 where no genome has weights.
    """

    name: str
    cell: int
    is_strided: bool
    reads: tuple[int, ...]
    rule: int
    input_rules: tuple[int, ...]
    edge_rules: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """What depends on the space alone.

    Args:
        graphs: the cells, in the order of their genes.
        cell_genes: for every cell the slice of a genome's values.
        first_rule: the index of the first rule gene.
        counts: for every gene the number of its choices.
        gene_of: for every site the index of its rule gene.
        places: the positions.
        rules: the rule choices.
        first_layer: for every rule choice the first one that is the same function on the stem.
    """

    graphs: tuple[CellGraph, ...]
    cell_genes: tuple[slice, ...]
    first_rule: int
    counts: tuple[int, ...]
    gene_of: dict[str, int]
    places: tuple[Place, ...]
    rules: tuple[str, ...]
    first_layer: tuple[int, ...]


def lay_out(
    graphs: tuple[CellGraph, ...],
    positions: Sequence[Position],
    genes: Sequence[Gene],
    *,
    granularity: str,
    first_layer: dict[str, str],
) -> Layout:
    """Works out everything that the functions below need from a space."""
    slices: list[slice] = []
    first = 0
    for graph in graphs:
        slices.append(slice(first, first + len(graph.genes)))
        first += len(graph.genes)
    index = {gene.name: number for number, gene in enumerate(genes) if gene.kind == "rule"}
    gene_of = {
        site: index[gene_name(position, site, granularity=granularity)]
        for position in positions
        for site in position.sites
    }
    numbers = {graph.name: number for number, graph in enumerate(graphs)}
    places = tuple(
        _place(number, position, graphs, numbers, gene_of)
        for number, position in enumerate(positions)
    )
    rules = genes[-1].choices
    stands_for = [first_layer.get(rule, rule) for rule in rules]
    return Layout(
        graphs=graphs,
        cell_genes=tuple(slices),
        first_rule=first,
        counts=tuple(len(gene.choices) for gene in genes),
        gene_of=gene_of,
        places=places,
        rules=rules,
        first_layer=tuple(stands_for.index(name) for name in stands_for),
    )


def _place(
    number: int,
    position: Position,
    graphs: Sequence[CellGraph],
    numbers: dict[str, int],
    gene_of: dict[str, int],
) -> Place:
    before = max(number - 1, 0)
    name, is_strided = position.name, position.is_strided
    if position.cell is None:
        return Place(name, -1, is_strided, (before,) if number else (), gene_of[name], (), ())
    cell = numbers[position.cell]
    graph = graphs[cell]
    two = graph.spec.inputs == 2
    return Place(
        name=name,
        cell=cell,
        is_strided=is_strided,
        reads=(max(number - 2, 0), before) if two else (before,),
        rule=-1,
        input_rules=tuple(gene_of[f"{name}.preprocess{i}"] for i in (0, 1)) if two else (),
        edge_rules=tuple(
            gene_of.get(f"{name}.edge{target}_{slot}", -1) for target, slot in graph.slots
        ),
    )


@dataclass(frozen=True)
class _Reading:
    """What one genome amounts to."""

    anatomies: tuple[Anatomy, ...]
    needed: tuple[bool, ...]
    active_rules: frozenset[int]
    folds_stem: bool


def _read(layout: Layout, values: Values) -> _Reading:
    anatomies = tuple(
        graph.anatomy(values[genes])
        for graph, genes in zip(layout.graphs, layout.cell_genes, strict=True)
    )
    needed = [False] * len(layout.places)
    needed[-1] = True
    rules: set[int] = set()  # active at some site that is not the stem
    for number in range(len(layout.places) - 1, 0, -1):
        if not needed[number]:
            continue
        place = layout.places[number]
        if place.cell < 0:
            rules.add(place.rule)
            needed[place.reads[0]] = True
            continue
        graph, anatomy = layout.graphs[place.cell], anatomies[place.cell]
        for wire, is_live, gene in zip(anatomy.wires, anatomy.live, place.edge_rules, strict=True):
            if not is_live:
                continue
            if wire.source < graph.spec.inputs:
                needed[place.reads[wire.source]] = True
                if place.input_rules:
                    rules.add(place.input_rules[wire.source])
            if gene >= 0 and graph.has_weights(wire, is_strided=place.is_strided):
                rules.add(gene)
    stem = layout.places[0].rule
    folds_stem = stem not in rules  # else the choice also decides what another site sends
    if needed[0]:
        rules.add(stem)
    return _Reading(anatomies, tuple(needed), frozenset(rules), folds_stem)


def active(layout: Layout, values: Values) -> tuple[bool, ...]:
    """For every gene whether changing it alone can change the form."""
    reading = _read(layout, values)
    used = {p.cell for p, needed in zip(layout.places, reading.needed, strict=True) if needed}
    flags: list[bool] = []
    for number, (graph, genes) in enumerate(zip(layout.graphs, layout.cell_genes, strict=True)):
        in_cell = graph.active(reading.anatomies[number])
        flags.extend(in_cell if number in used else [False] * (genes.stop - genes.start))
    flags.extend(g in reading.active_rules for g in range(layout.first_rule, len(values)))
    if reading.folds_stem and len(layout.rules) > 1 and len(set(layout.first_layer)) == 1:
        flags[layout.places[0].rule] = False
    return tuple(flags)


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
        stem = layout.places[0].rule
        if _read(layout, folded).folds_stem:
            folded[stem] = layout.first_layer[folded[stem]]
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
    reading = _read(layout, values)
    made: dict[tuple[int, ...], str] = {}
    parts: list[str] = []
    for number, place in enumerate(layout.places):
        if not reading.needed[number]:
            continue
        if place.cell < 0:
            rule = values[place.rule]
            if number == 0 and reading.folds_stem:
                rule = layout.first_layer[rule]
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
