"""The genes of every position by number: what depends on the space and not on a genome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.genome import Gene
from evonas.space.rule_genes import gene_name


@dataclass(frozen=True)
class PositionGenes:
    """A position with the numbers of its genes.

    Args:
        name: of the position.
        cell: the index of its cell, or -1.
        is_strided: whether the position halves the image.
        reads: for each input, the index of the position it reads.
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


@dataclass(frozen=True, eq=False)
class GeneLayout:
    """The genes of a space by number; compared by identity, so that it is a cheap cache key.

    Args:
        graphs: the cells, in the order of their genes.
        cell_genes: for every cell the slice of a genome's values.
        first_rule: the index of the first rule gene.
        counts: for every gene the number of its choices.
        gene_of: for every site the index of its rule gene.
        positions: in the order in which the image passes them.
        rules: the rule choices.
        first_layer: for every rule choice its representative on the stem.
        readout: the same on the classifier.
    """

    graphs: tuple[CellGraph, ...]
    cell_genes: tuple[slice, ...]
    first_rule: int
    counts: tuple[int, ...]
    gene_of: dict[str, int]
    positions: tuple[PositionGenes, ...]
    rules: tuple[str, ...]
    first_layer: tuple[int, ...]
    readout: tuple[int, ...]

    @property
    def stem_rule(self) -> int:
        """The rule gene of the stem."""
        return self.positions[0].rule

    @property
    def readout_rule(self) -> int:
        """The rule gene of the classifier."""
        return self.positions[-1].rule

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
    granularity: str,
    first_layer: Mapping[str, str],
    readout: Mapping[str, str],
) -> GeneLayout:
    """Number the genes of a space.

    Args:
        graphs: the cells, in the order of their genes.
        positions: of the skeleton.
        genes: of the cells, then the rule genes.
        granularity: how much of a network shares one rule gene.
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
        site: index[gene_name(position, site, granularity=granularity)]
        for position in positions
        for site in position.sites
    }
    numbers = {graph.name: number for number, graph in enumerate(graphs)}
    with_genes = tuple(
        _position_genes(number, position, graphs, numbers, gene_of)
        for number, position in enumerate(positions)
    )
    rules = genes[-1].choices
    return GeneLayout(
        graphs=graphs,
        cell_genes=tuple(slices),
        first_rule=first,
        counts=tuple(len(gene.choices) for gene in genes),
        gene_of=gene_of,
        positions=with_genes,
        rules=rules,
        first_layer=_representatives(rules, first_layer),
        readout=_representatives(rules, readout),
    )


def _representatives(rules: Sequence[str], stands_for: Mapping[str, str]) -> tuple[int, ...]:
    names = [stands_for.get(rule, rule) for rule in rules]
    return tuple(names.index(name) for name in names)


def _position_genes(
    number: int,
    position: Position,
    graphs: Sequence[CellGraph],
    numbers: dict[str, int],
    gene_of: dict[str, int],
) -> PositionGenes:
    before = max(number - 1, 0)
    name, is_strided = position.name, position.is_strided
    if position.cell is None:
        return PositionGenes(
            name, -1, is_strided, (before,) if number else (), gene_of[name], (), ()
        )
    cell = numbers[position.cell]
    graph = graphs[cell]
    two = graph.spec.inputs == 2
    return PositionGenes(
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
