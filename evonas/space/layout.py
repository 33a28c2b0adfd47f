"""The places of a space with the numbers of their genes: what depends on the space alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evonas.space.blueprint import Position
from evonas.space.cell import CellGraph
from evonas.space.genome import Gene
from evonas.space.rule_genes import gene_name


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


@dataclass(frozen=True, eq=False)
class Layout:
    """What depends on the space alone; equal to itself only, so that it can be a key.

    Args:
        graphs: the cells, in the order of their genes.
        cell_genes: for every cell the slice of a genome's values.
        first_rule: the index of the first rule gene.
        counts: for every gene the number of its choices.
        gene_of: for every site the index of its rule gene.
        places: the positions.
        rules: the rule choices.
        first_layer: for every rule choice the one that stands for its function on the stem.
        readout: the same on the classifier.
    """

    graphs: tuple[CellGraph, ...]
    cell_genes: tuple[slice, ...]
    first_rule: int
    counts: tuple[int, ...]
    gene_of: dict[str, int]
    places: tuple[Place, ...]
    rules: tuple[str, ...]
    first_layer: tuple[int, ...]
    readout: tuple[int, ...]

    @property
    def stem_rule(self) -> int:
        """The rule gene of the stem."""
        return self.places[0].rule

    @property
    def readout_rule(self) -> int:
        """The rule gene of the classifier."""
        return self.places[-1].rule


def lay_out(
    graphs: tuple[CellGraph, ...],
    positions: Sequence[Position],
    genes: Sequence[Gene],
    *,
    granularity: str,
    first_layer: Mapping[str, str],
    readout: Mapping[str, str],
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
    return Layout(
        graphs=graphs,
        cell_genes=tuple(slices),
        first_rule=first,
        counts=tuple(len(gene.choices) for gene in genes),
        gene_of=gene_of,
        places=places,
        rules=rules,
        first_layer=_representatives(rules, first_layer),
        readout=_representatives(rules, readout),
    )


def _representatives(rules: Sequence[str], stands_for: Mapping[str, str]) -> tuple[int, ...]:
    names = [stands_for.get(rule, rule) for rule in rules]
    return tuple(names.index(name) for name in names)


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
