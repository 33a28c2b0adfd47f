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
        spec: the file.
        channels: C, the channels of the first stage.
        cells: number of cells in a stage without ``repeat``.
        rule_choices: the choices of every rule gene.
        first_layer: pairs of a rule and its representative on the first layer, see
            :meth:`with_first_layer`.
        readout: the same for the classifier; see :meth:`with_readout`.

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
        """As stated in the YAML."""
        return self.spec.name

    @property
    def description(self) -> str:
        """As stated in the YAML."""
        return self.spec.description

    @property
    def source(self) -> str:
        """The paper that the space is from; may be empty."""
        return self.spec.source

    @property
    def granularity(self) -> str:
        """How much of a network shares one rule: ``layer``, ``edge``, ``stage`` or ``network``."""
        return self.spec.rules.granularity

    def resized(self, channels: int | None = None, cells: int | None = None) -> "Space":
        """The same space with other channels or cells; None keeps the present value.

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
        """The same space with other rules to choose from.

        Raises:
            SpaceError: none are given, one is repeated, or one is not a valid name.
        """
        try:
            checked = Rules(choices=tuple(rules))
        except ValueError as problem:
            raise SpaceError(f"space '{self.name}', rules{problem}") from problem
        return replace(self, rule_choices=checked.choices)

    def with_first_layer(self, representatives: Mapping[str, str]) -> "Space":
        """The same space, told which rules train a first layer identically.

        No layer precedes the stem, so rules that differ only in what they *send* are one function
        there. A space does not know the rules; the caller supplies this.

        Args:
            representatives: from the name of a rule to the name that represents all rules with
                the same update; a rule that is left out represents itself.
        """
        return replace(self, first_layer=tuple(sorted(representatives.items())))

    def with_readout(self, representatives: Mapping[str, str]) -> "Space":
        """The same space, told which rules train a classifier identically.

        A rule that learns no labels cannot train a readout and leaves it to the rule it sends by.

        Args:
            representatives: as for :meth:`with_first_layer`.
        """
        return replace(self, readout=tuple(sorted(representatives.items())))

    @cached_property
    def graphs(self) -> dict[str, CellGraph]:
        """The cells by name, with their nodes and genes."""
        return {name: text.cell_graph(name, cell) for name, cell in self.spec.cells.items()}

    @cached_property
    def positions(self) -> tuple[Position, ...]:
        """Every position that a genome may have, in the order in which the image passes them.

        Where genomes choose widths and depths: of the largest. :meth:`decode` gives a genome's.
        """
        return self._expand(largest(self.spec))

    def _expand(self, macro_values: tuple[int, ...]) -> tuple[Position, ...]:
        shape = shape_of(self.spec, macro_values, cells=self.cells)
        return expand(self.spec, self.graphs, channels=self.channels, shape=shape)

    @property
    def halvings(self) -> int:
        """How often an image is halved, so that its side must be at least 2 to this power."""
        strided = sum(position.is_strided for position in self.positions)
        return strided + self.spec.stem.halvings

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """The genes of the cells, then the macro genes, then the rule genes."""
        cells = tuple(gene for graph in self.graphs.values() for gene in graph.genes)
        rules = rule_genes(self.positions, self.rule_choices, granularity=self.granularity)
        return cells + macro_genes(self.spec) + rules

    @property
    def has_macro_genes(self) -> bool:
        """Whether genomes choose widths, depths, the activation or the normalisation."""
        return bool(macro_genes(self.spec))

    @cached_property
    def paths(self) -> Paths:
        """The paths through its cells, see :mod:`evonas.space.paths`."""
        return Paths(self._layout.graphs)

    @cached_property
    def size(self) -> int:
        """The number of genomes, equivalent ones counted separately."""
        return prod(len(gene.choices) for gene in self.genes)

    @cached_property
    def _key_of(self) -> Callable[[Genome], str]:
        """A search asks for the key of a genome many times."""

        @lru_cache(maxsize=_NUM_KEYS_KEPT)
        def key(genome: Genome) -> str:
            return digest(self.canonical_expression(genome))

        return key

    def __getstate__(self) -> dict[str, object]:
        """The fields alone: what is derived from them can be derived again."""
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
        """A genome drawn uniformly from all of them."""
        return Genome(tuple(rng.randrange(len(gene.choices)) for gene in self.genes))

    def is_active(self, genome: Genome) -> tuple[bool, ...]:
        """For every gene, whether changing it alone can change the function.

        Changing an inactive gene never changes the key. Changing an active operation or rule gene
        always does (the rule of the stem or the classifier: to one with another representative
        there), and so does changing an active width, activation or normalisation. Changing an
        active ``inputs`` or ``repeat`` gene does unless what is there then computes the same. Two
        inactive genes can matter together: an edge without a source, and a source without an edge.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return folding.active(self._layout, self._values(genome))

    def canonical(self, genome: Genome) -> Genome:
        """The representative of all genomes that differ from this one in inactive genes only.

        The operation of an inactive edge becomes zero, where the cell has a zero; every other
        inactive gene takes its first choice. The key stays, and a canonical genome stays as it is.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return Genome(folding.canonical(self._layout, self._values(genome)))

    def canonical_expression(self, genome: Genome) -> str:
        """The canonical expression, of which :meth:`key` is the digest; equal for equal functions.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return folding.canonical_expression(self._layout, self._values(genome))

    def key(self, genome: Genome) -> str:
        """16 hexadecimal digits, equal for genomes that are one function.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        return self._key_of(genome)

    def decode(self, genome: Genome) -> Blueprint:
        """The network to build, from the genome as it is (not its canonical form).

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
        """One line of text: cells, macro genes, ``@``, and rules with ``-`` for inactive ones.

        Raises:
            GenomeError: the genome is not one of this space.
        """
        values = self._values(genome)
        layout = self._layout
        flags = self.is_active(genome)[layout.first_rule :]
        rules = [
            self.rule_choices[value] if is_active else text.INACTIVE
            for value, is_active in zip(values[layout.first_rule :], flags, strict=True)
        ]
        cells = text.format_cells(layout.graphs, layout.by_cell(values))
        macros = text.format_macros(self.genes[layout.macro], values[layout.macro])
        return f"{cells}{macros} @ {text.format_rules(rules)}"

    def parse(self, line: str) -> Genome:
        """The genome that a text describes; :meth:`format` gives a canonical one back.

        ``-`` stands for the first rule, and a text without ``@`` gives every gene the first rule.

        Raises:
            GenomeError: the text is not a genome of this space; the message says where.
        """
        before, at, rules = line.partition("@")
        layout = self._layout
        cells, macros = text.split_macros(before)
        values = text.parse_cells(layout.graphs, cells)
        values.extend(text.parse_macros(self.genes[layout.macro], macros))
        genes = self.genes[layout.first_rule :]
        values.extend(text.parse_rules(genes, rules) if at else [0] * len(genes))
        return Genome(tuple(values))

    def _values(self, genome: Genome) -> tuple[int, ...]:
        where = f"space '{self.name}', {self.cells} cells per stage"
        return checked_values(genome, self.genes, where=where)
