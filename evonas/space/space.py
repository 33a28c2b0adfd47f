"""A search space: its genes, and the meaning of its genomes."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from math import prod

from evonas.errors import SpaceError
from evonas.space import folding, text
from evonas.space.blueprint import Blueprint, Position
from evonas.space.cell import CellGraph
from evonas.space.cell_expression import digest
from evonas.space.checks import channel_problems, name_problems, told
from evonas.space.gene_layout import GeneLayout, gene_layout
from evonas.space.genome import Gene, Genome, checked_values
from evonas.space.macro.shape import largest, macro_genes, shape_of
from evonas.space.paths import Paths
from evonas.space.rule_genes import rule_genes
from evonas.space.skeleton import expand
from evonas.space.spec import Rules, Size, SpaceSpec

_NUM_KEYS_KEPT = 2**16


@dataclass(frozen=True)
class Space:
    """All architectures and rule assignments of one YAML file, at one size.

    Args:
        spec: specification in the file.
        channels: C, the unit of all widths.
        cells: number of cells in a stage without ``repeat``.
        rule_choices: rules that every rule gene chooses from.
        first_layer: pairs of a rule and its representative on the first layer, see
            :meth:`with_first_layer`.
        readout: pairs of a rule and its representative on the classifier, see
            :meth:`with_readout`.

    Raises:
        SpaceError: the parts do not fit together, with one line for every problem.
    """

    spec: SpaceSpec
    channels: int
    cells: int
    rule_choices: tuple[str, ...]
    first_layer: tuple[tuple[str, str], ...] = ()
    readout: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        problems = list(name_problems(self.spec))
        if not problems:  # channels can be compared once every cell is known
            problems = list(
                channel_problems(self.spec, self.graphs, self.positions, channels=self.channels)
            )
        if problems:
            raise SpaceError(told(problems, space=self.name))

    @property
    def name(self) -> str:
        """Name of the space, as in the YAML."""
        return self.spec.name

    @property
    def description(self) -> str:
        """Description of the space, as in the YAML."""
        return self.spec.description

    @property
    def source(self) -> str:
        """Paper that the space is from; may be empty."""
        return self.spec.source

    @property
    def granularity(self) -> str:
        """How much of a network shares one rule: ``layer``, ``edge``, ``stage`` or ``network``."""
        return self.spec.rules.granularity

    def resized(self, channels: int | None = None, cells: int | None = None) -> "Space":
        """Return the same space with other channels or cells; None keeps the current value.

        Raises:
            SpaceError: the size does not fit the space.
        """
        try:
            size = Size(
                channels=self.channels if channels is None else channels,
                cells=self.cells if cells is None else cells,
            )
        except ValueError as problem:
            raise SpaceError(f"space '{self.name}', size{problem}") from problem
        return replace(self, channels=size.channels, cells=size.cells)

    def with_rules(self, rules: Sequence[str]) -> "Space":
        """Return the same space with other rules to choose from.

        Raises:
            SpaceError: no rule is given, one is given twice, or one is not a valid name.
        """
        try:
            checked = Rules(choices=tuple(rules))
        except ValueError as problem:
            raise SpaceError(f"space '{self.name}', rules{problem}") from problem
        return replace(self, rule_choices=checked.choices)

    def with_first_layer(self, representatives: Mapping[str, str]) -> "Space":
        """Return the same space with the rules that train a first layer identically merged.

        No layer precedes the stem, so rules that differ only in what they *send* are one function
        there. A space does not know the rules; the caller supplies this.

        Args:
            representatives: map from a rule to the representative of all rules with the same
                update; a rule that is left out represents itself.
        """
        return replace(self, first_layer=tuple(sorted(representatives.items())))

    def with_readout(self, representatives: Mapping[str, str]) -> "Space":
        """Return the same space with the rules that train a classifier identically merged.

        A rule that does not learn from labels cannot train a readout; its sending rule trains it.

        Args:
            representatives: as for :meth:`with_first_layer`.
        """
        return replace(self, readout=tuple(sorted(representatives.items())))

    @cached_property
    def graphs(self) -> dict[str, CellGraph]:
        """Cells by name, with their nodes and genes."""
        return {name: text.cell_graph(name, cell) for name, cell in self.spec.cells.items()}

    @cached_property
    def positions(self) -> tuple[Position, ...]:
        """Every position that a genome may have, in the order in which the image passes them.

        If genomes choose widths and depths, these are the largest; see also :meth:`decode`.
        """
        return self._expand(largest(self.spec))

    def _expand(self, macro_values: tuple[int, ...]) -> tuple[Position, ...]:
        shape = shape_of(self.spec, macro_values, cells=self.cells)
        return expand(self.spec, self.graphs, channels=self.channels, shape=shape)

    @property
    def halvings(self) -> int:
        """Number of times an image is halved; its side must be at least 2 to this power."""
        strided = sum(position.is_strided for position in self.positions)
        return strided + self.spec.stem.halvings

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Genes of the cells, then the macro genes, then the rule genes."""
        cells = tuple(gene for graph in self.graphs.values() for gene in graph.genes)
        rules = rule_genes(self.positions, self.rule_choices, granularity=self.granularity)
        return cells + macro_genes(self.spec) + rules

    @property
    def has_macro_genes(self) -> bool:
        """Whether genomes choose widths, depths, the activation or the normalisation."""
        return bool(macro_genes(self.spec))

    @cached_property
    def paths(self) -> Paths:
        """Paths through its cells, see :mod:`evonas.space.paths`."""
        return Paths(self._layout.graphs)

    @cached_property
    def size(self) -> int:
        """Number of genomes, counting equivalent ones separately."""
        return prod(len(gene.choices) for gene in self.genes)

    @cached_property
    def _key_of(self) -> Callable[[Genome], str]:
        """Cached key function: a search needs the key of a genome many times."""

        @lru_cache(maxsize=_NUM_KEYS_KEPT)
        def key(genome: Genome) -> str:
            return digest(self.canonical_expression(genome))

        return key

    def __getstate__(self) -> dict[str, object]:
        """Pickle the fields only: everything else is derived from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _layout(self) -> GeneLayout:
        return gene_layout(
            tuple(self.graphs.values()),
            self.positions,
            self.genes,
            expand=self._expand,
            spec=self.spec,
            first_layer=dict(self.first_layer),
            readout=dict(self.readout),
        )

    def sample(self, rng: random.Random) -> Genome:
        """Draw a genome uniformly from all genomes."""
        return Genome(tuple(rng.randrange(len(gene.choices)) for gene in self.genes))

    def is_active(self, genome: Genome) -> tuple[bool, ...]:
        """Return for every gene whether changing it alone can change the function.

        Changing an inactive gene never changes the key. Changing an active operation or rule gene
        always does (for the stem or the classifier: a change to a rule with another representative
        there), and so does changing an active width, activation or normalisation. Changing an
        active ``inputs`` or ``repeat`` gene does, unless the new network computes the same. Two
        inactive genes can matter together: an edge without a source, and a source without an edge.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return folding.active(self._layout, self._values(genome))

    def canonical(self, genome: Genome) -> Genome:
        """Return the representative of all genomes that differ only in inactive genes.

        The operation of an inactive edge becomes zero, if the cell has a zero; every other
        inactive gene takes its first choice. The key stays the same, and so do canonical genomes.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return Genome(folding.canonical(self._layout, self._values(genome)))

    def canonical_expression(self, genome: Genome) -> str:
        """Return the canonical expression, equal for equal functions; :meth:`key` is its digest.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return folding.canonical_expression(self._layout, self._values(genome))

    def key(self, genome: Genome) -> str:
        """Return 16 hexadecimal digits, equal for genomes of the same function.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return self._key_of(genome)

    def decode(self, genome: Genome) -> Blueprint:
        """Return the network to build from the genome as it is (not its canonical form).

        Raises:
            GenomeError: the genome is not one of this space.
        """
        values = self._values(genome)
        layout = self._layout
        by_cell = layout.by_cell(values)
        cells = {graph.name: graph.plan(by_cell[graph.name]) for graph in layout.graphs}
        positions = self._expand(values[layout.macro])
        rules = {
            site: self.rule_choices[values[layout.gene_of[site]]]
            for position in positions
            for site in position.sites
        }
        shape = shape_of(self.spec, values[layout.macro], cells=self.cells)
        return Blueprint(positions, cells, rules, shape.activation, shape.normalisation)

    def format(self, genome: Genome) -> str:
        """Return one line: cells, macro genes, ``@``, and rules with ``-`` for inactive ones.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        values = self._values(genome)
        return text.format_genome(self._layout, values, is_active=self.is_active(genome))

    def parse(self, line: str) -> Genome:
        """Return the genome that a text describes; the inverse of :meth:`format`.

        ``-`` stands for the first rule, and without ``@`` every rule gene takes the first rule.

        Raises:
            GenomeError: the text is not a genome of this space; the message says where.
        """
        return Genome(text.parse_genome(self._layout, line))

    def _values(self, genome: Genome) -> tuple[int, ...]:
        where = f"space '{self.name}', {self.cells} cells per stage"
        return checked_values(genome, self.genes, where=where)
