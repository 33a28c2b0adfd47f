"""Gene indices of every position: everything that depends on the space and not on a genome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.genome import Gene
from evonas.space.rule_genes import gene_name
from evonas.space.spec import SpaceSpec

NUM_REMEMBERED = 4096
"""Number of cached skeletons; a space without macro genes needs only one."""


@dataclass(frozen=True)
class PositionGenes:
    """A position with the indices of its genes.

    Args:
        name: name of the position. If nothing lies between stages, cells are counted from the
            end, so that it does not matter to which stage a cell belongs. The name includes the
            width if genomes choose it, or if the stages that a counted cell may belong to differ.
        stage: number of its stage.
        cell: index of its cell, or -1.
        is_strided: whether the position halves the image.
        changes_channels: whether it is a cell with one input that changes the channels.
        width: macro gene of its channels, or -1.
        reads: for each input, the index of the position it reads.
        rule: rule gene of a position without a cell, or -1.
        input_rules: rule genes of the preprocessing blocks.
        edge_rules: rule gene of every edge, or -1 where no genome has weights.
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
    """The genes of a space by index; compared by identity, so that it is a cheap cache key.

    Args:
        graphs: cells, in the order of their genes.
        cell_genes: for every cell, the slice of its values in a genome.
        first_macro: index of the first macro gene; macro genes follow the genes of the cells.
        first_rule: index of the first rule gene.
        genes: genes of the space.
        counts: number of choices of every gene.
        gene_of: for every site, the index of its rule gene.
        stem_rule: rule gene of the stem.
        readout_rule: rule gene of the classifier.
        expand: function from the values of the macro genes to the positions of the skeleton.
        counts_cells: whether nothing lies between stages.
        named_widths: fixed widths that the names of positions include, by name of the width.
        has_single_stem: whether the stem is one layer, which sends no error signal back.
        head_has_norm: whether the head applies normalisation and activation.
        rules: names of the rule choices.
        first_layer: representative of every rule choice on the stem.
        readout: representative of every rule choice on the classifier.
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
    named_widths: dict[str, str]
    has_single_stem: bool
    head_has_norm: bool
    rules: tuple[str, ...]
    first_layer: tuple[int, ...]
    readout: tuple[int, ...]

    @property
    def macro(self) -> slice:
        """Slice of the macro genes in a genome."""
        return slice(self.first_macro, self.first_rule)

    def positions(self, values: Sequence[int]) -> tuple[PositionGenes, ...]:
        """Return the positions of a genome, in the order in which the image passes them."""
        return _positions(self, tuple(values[self.macro]))

    def by_cell(self, values: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the values that belong to each cell, by the cell's name."""
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
        graphs: cells, in the order of their genes.
        positions: positions of the skeleton, with every cell that a genome may have.
        genes: genes of the cells, then the macro genes, then the rule genes.
        expand: function from the values of the macro genes to the positions of a genome.
        spec: specification of the space.
        first_layer: representative of each rule on the stem; a missing rule represents itself.
        readout: representative of each rule on the classifier, likewise.
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
        named_widths=_named_widths(spec),
        has_single_stem=spec.stem.kind != "reducing",
        head_has_norm=spec.head.norm,
        rules=rules,
        first_layer=_representatives(rules, first_layer),
        readout=_representatives(rules, readout),
    )


def _named_widths(spec: SpaceSpec) -> dict[str, str]:
    """Return the fixed widths that tell counted cells of different stages apart."""
    all_widths = {width for stage in spec.stages for width in stage.channels.choices}
    if spec.reduction.kind != "none" or len(all_widths) == 1:
        return {}
    return {
        f"stage{number}.channels": str(stage.channels.choices[0])
        for number, stage in enumerate(spec.stages)
        if not stage.channels.is_chosen
    }


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
            # from the end, because cells before one whose output is zero do not matter
            name = f"cell{len(positions) - 1 - number}"
        fixed = layout.named_widths.get(position.width, "")
        gene, text = width_genes.get(position.width, (-1, fixed))
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
