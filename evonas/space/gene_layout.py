"""The numbered genes of every position, which depend on the space only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.genome import Gene
from evonas.space.rule_genes import gene_name
from evonas.space.spec import SpaceSpec

NUM_REMEMBERED = 4096
"""Skeletons that are cached: there is one for all genomes of a space without macro genes."""


@dataclass(frozen=True)
class PositionGenes:
    """A position with the numbers of its genes.

    Args:
        name: name of the position; where nothing lies between stages, cells are counted from the
            end, so that it does not matter to which stage a cell belongs. With its width, if
            genomes choose widths.
        stage: its number.
        cell: the index of its cell, or -1.
        is_strided: whether the position halves the image.
        changes_channels: whether it is a cell with one input that changes the channels.
        width: the macro gene of its channels, or -1.
        reads: for each input, the index of the position it reads.
        rule: the rule gene of a position without a cell, or -1.
        input_rules: the rule genes of the preprocessing blocks.
        edge_rules: for every edge its rule gene, or -1 where no genome has weights.
    """

    name: str
    stage: int
    cell: int
    is_strided: bool
    changes_channels: bool
    width: int
    reads: tuple[int, ...]
    rule: int
    input_rules: tuple[int, ...]
    edge_rules: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class GeneLayout:
    """The genes of a space by number; compared by identity, so that it is a cheap cache key.

    Args:
        graphs: the cells, in the order of their genes.
        cell_genes: for every cell the slice of a genome's values.
        first_macro: the index of the first macro gene; they follow the cells'.
        first_rule: the index of the first rule gene.
        genes: genes of the space.
        counts: for every gene the number of its choices.
        gene_of: for every site the index of its rule gene.
        stem_rule: the rule gene of the stem.
        readout_rule: the rule gene of the classifier.
        expand: from the values of the macro genes to the positions of the skeleton.
        counts_cells: whether nothing lies between stages.
        has_single_stem: whether the stem is one layer, which sends nothing.
        head_has_norm: whether the head normalises, and applies the activation.
        rules: the rule choices.
        first_layer: for every rule choice its representative on the stem.
        readout: the same on the classifier.
    """

    graphs: tuple[CellGraph, ...]
    cell_genes: tuple[slice, ...]
    first_macro: int
    first_rule: int
    genes: tuple[Gene, ...]
    counts: tuple[int, ...]
    gene_of: dict[str, int]
    stem_rule: int
    readout_rule: int
    expand: Callable[[tuple[int, ...]], tuple[Position, ...]]
    counts_cells: bool
    has_single_stem: bool
    head_has_norm: bool
    rules: tuple[str, ...]
    first_layer: tuple[int, ...]
    readout: tuple[int, ...]

    @property
    def macro(self) -> slice:
        """The positions of the macro genes' values."""
        return slice(self.first_macro, self.first_rule)

    def positions(self, values: Sequence[int]) -> tuple[PositionGenes, ...]:
        """The positions of a genome, in the order in which the image passes them."""
        return _positions(self, tuple(values[self.macro]))

    def by_cell(self, values: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """The values of a genome that belong to each cell, by the cell's name."""
        return {
            graph.name: values[genes]
            for graph, genes in zip(self.graphs, self.cell_genes, strict=True)
        }


def gene_layout(
    graphs: tuple[CellGraph, ...],
    positions: Sequence[Position],
    genes: Sequence[Gene],
    *,
    expand: Callable[[tuple[int, ...]], tuple[Position, ...]],
    spec: SpaceSpec,
    first_layer: Mapping[str, str],
    readout: Mapping[str, str],
) -> GeneLayout:
    """Number the genes of a space.

    Args:
        graphs: the cells, in the order of their genes.
        positions: positions of the skeleton, with every cell that a genome may have.
        genes: genes of the cells, then the macro genes, then the rule genes.
        expand: from the values of the macro genes to the positions of a genome.
        spec: specification of the space.
        first_layer: for each rule its representative on the stem; itself where it is left out.
        readout: the same on the classifier.
    """
    slices: list[slice] = []
    first = 0
    for graph in graphs:
        slices.append(slice(first, first + len(graph.genes)))
        first += len(graph.genes)
    index = {gene.name: number for number, gene in enumerate(genes) if gene.kind == "rule"}
    gene_of = {
        site: index[gene_name(position, site, granularity=spec.rules.granularity)]
        for position in positions
        for site in position.sites
    }
    rules = genes[-1].choices
    return GeneLayout(
        graphs=graphs,
        cell_genes=tuple(slices),
        first_macro=first,
        first_rule=sum(gene.kind != "rule" for gene in genes),
        genes=tuple(genes),
        counts=tuple(len(gene.choices) for gene in genes),
        gene_of=gene_of,
        stem_rule=gene_of["stem"],
        readout_rule=gene_of["classifier"],
        expand=expand,
        counts_cells=spec.reduction.kind == "none",
        has_single_stem=spec.stem.kind != "reducing",
        head_has_norm=spec.head.norm,
        rules=rules,
        first_layer=_representatives(rules, first_layer),
        readout=_representatives(rules, readout),
    )


def _representatives(rules: Sequence[str], stands_for: Mapping[str, str]) -> tuple[int, ...]:
    names = [stands_for.get(rule, rule) for rule in rules]
    return tuple(names.index(name) for name in names)


@lru_cache(maxsize=NUM_REMEMBERED)
def _positions(layout: GeneLayout, macro_values: tuple[int, ...]) -> tuple[PositionGenes, ...]:
    macro = layout.genes[layout.macro]
    width_genes = {
        gene.name: (layout.first_macro + number, gene.choices[value])
        for number, (gene, value) in enumerate(zip(macro, macro_values, strict=True))
        if gene.kind == "channels"
    }
    numbers = {graph.name: number for number, graph in enumerate(layout.graphs)}
    found: list[PositionGenes] = []
    positions = layout.expand(macro_values)
    for number, position in enumerate(positions):
        name = position.name
        if position.cell is not None and layout.counts_cells:
            # from the end, as what precedes a cell whose output is zero does not matter
            name = f"cell{len(positions) - 1 - number}"
        gene, text = width_genes.get(position.width, (-1, ""))
        if text:
            name += f":{text}"
        found.append(_position_genes(layout, number, position, numbers, name=name, width=gene))
    return tuple(found)


def _position_genes(
    layout: GeneLayout,
    number: int,
    position: Position,
    numbers: Mapping[str, int],
    *,
    name: str,
    width: int,
) -> PositionGenes:
    before, gene_of = max(number - 1, 0), layout.gene_of
    cell = -1 if position.cell is None else numbers[position.cell]
    graph = None if position.cell is None else layout.graphs[cell]
    two = graph is not None and graph.spec.inputs == 2
    reads = (max(number - 2, 0), before) if two else (before,)
    return PositionGenes(
        name=name,
        stage=position.stage,
        cell=cell,
        is_strided=position.is_strided,
        changes_channels=position.changes_channels,
        width=width,
        reads=reads if number else (),
        rule=gene_of[position.name] if graph is None else -1,
        input_rules=tuple(gene_of[f"{position.name}.preprocess{i}"] for i in (0, 1))
        if two
        else (),
        edge_rules=tuple(
            gene_of.get(f"{position.name}.edge{target}_{slot}", -1)
            for target, slot in (graph.slots if graph else ())
        ),
    )
