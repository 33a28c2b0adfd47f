"""The graph of a cell: its genes, the edges that they choose, and which edges are live."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from evonas.space.blueprint import CellPlan, Edge
from evonas.space.genome import Gene
from evonas.space.operation import Operation
from evonas.space.spec import CellSpec


class Wire(NamedTuple):
    """An edge chosen by gene values: its nodes, and the index of its operation."""

    source: int
    target: int
    operation: int


class CellAnalysis(NamedTuple):
    """Which wires of a cell are live, and properties of its nodes.

    Args:
        wires: wires, by target, then by slot.
        live: whether each wire is live, as :class:`evonas.space.blueprint.Edge` defines it.
        reaches: whether a path of operations other than zero leads from each node to the output.
        is_blank: whether the expression of each node is the bare zero ``#`` (a single edge, whose
            operation is zero or whose source is blank).
    """

    wires: tuple[Wire, ...]
    live: tuple[bool, ...]
    reaches: tuple[bool, ...]
    is_blank: tuple[bool, ...]


@dataclass(frozen=True)
class CellGraph:
    """One cell of a space, with everything derived from its description computed once.

    Args:
        name: name of the cell.
        spec: specification of the cell in the YAML.
        fixed: values of its genes if all genomes share one cell, which then has no genes.
    """

    name: str
    spec: CellSpec
    fixed: tuple[int, ...] | None = None

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Operations that an edge can have."""
        return tuple(spec.named(name) for name, spec in self.spec.operations.items())

    @cached_property
    def zero(self) -> int | None:
        """Index of the operation of kind zero, if there is one."""
        kinds = [operation.kind for operation in self.operations]
        return kinds.index("zero") if "zero" in kinds else None

    @property
    def output_multiple(self) -> int:
        """Channels of the output, as a multiple of those of a node."""
        return self.spec.nodes if self.spec.join == "concat" else 1

    @cached_property
    def targets(self) -> range:
        """Numbers of the computed nodes."""
        return range(self.spec.inputs, self.spec.inputs + self.spec.nodes)

    @cached_property
    def sources(self) -> dict[int, tuple[tuple[int, ...], ...]]:
        """Sets of nodes that each computed node may read, in ascending order."""
        choose = self.spec.graph.choose
        return {
            target: tuple(combinations(range(target), target if choose is None else choose))
            for target in self.targets
        }

    @cached_property
    def slots(self) -> tuple[tuple[int, int], ...]:
        """(target, slot) of every edge, in order."""
        return tuple(
            (target, slot)
            for target in self.targets
            for slot in range(len(self.sources[target][0]))
        )

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """Genes, node by node: which nodes it reads, if there is a choice, and its operations."""
        return () if self.fixed is not None else tuple(self._genes())

    def _genes(self) -> Iterator[Gene]:
        names = tuple(operation.name for operation in self.operations)
        for target in self.targets:
            sets = self.sources[target]
            if len(sets) > 1:
                texts = tuple(",".join(map(str, chosen)) for chosen in sets)
                yield Gene(f"{self.name}.inputs{target}", texts, "inputs")
            for slot in range(len(sets[0])):
                yield Gene(f"{self.name}.operation{target}_{slot}", names, "operation")

    def wires(self, values: Sequence[int]) -> tuple[Wire, ...]:
        """Return the edges that the values of the cell's genes choose."""
        if self.fixed is not None:
            values = self.fixed
        chosen: list[Wire] = []
        cursor = 0
        for target in self.targets:
            sets = self.sources[target]
            sources = sets[0]
            if len(sets) > 1:
                sources = sets[values[cursor]]
                cursor += 1
            for source in sources:
                chosen.append(Wire(source, target, values[cursor]))
                cursor += 1
        return tuple(chosen)

    def analyse(self, values: Sequence[int]) -> CellAnalysis:
        """Find the live wires for these gene values; linear in the number of edges."""
        wires = self.wires(values)
        nodes, zero = self.targets.stop, self.zero
        is_null = [False] * self.spec.inputs + [True] * self.spec.nodes
        is_blank = [False] * nodes
        fan_in = [0] * nodes
        for source, target, operation in wires:
            fan_in[target] += 1
            is_null[target] = is_null[target] and (operation == zero or is_null[source])
            # overwritten by a second edge of the same target, which makes the expression a sum
            is_blank[target] = fan_in[target] == 1 and (operation == zero or is_blank[source])
        reaches = [self.spec.join != "last"] * nodes
        reaches[-1] = True
        for source, target, operation in reversed(wires):
            if reaches[target] and operation != zero:
                reaches[source] = True
        live = tuple(
            operation != zero and not is_null[source] and reaches[target]
            for source, target, operation in wires
        )
        return CellAnalysis(wires, live, tuple(reaches), tuple(is_blank))

    def active(self, analysis: CellAnalysis) -> tuple[bool, ...]:
        """Return for every gene whether changing it alone can change the cell's expression."""
        flags: list[bool] = []
        if self.fixed is not None:
            return ()
        first = 0
        for target in self.targets:
            wires = analysis.wires[first : first + len(self.sources[target][0])]
            first += len(wires)
            reaches = analysis.reaches[target]
            if len(self.sources[target]) > 1:
                flags.append(reaches and any(wire.operation != self.zero for wire in wires))
            flags.extend(reaches and not analysis.is_blank[wire.source] for wire in wires)
        return tuple(flags)

    def plan(self, values: Sequence[int]) -> CellPlan:
        """Return the plan of the cell, from which networks are built."""
        analysis = self.analyse(values)
        edges = tuple(
            Edge(f"{target}_{slot}", wire.source, target, self.operations[wire.operation], live)
            for (target, slot), wire, live in zip(
                self.slots, analysis.wires, analysis.live, strict=True
            )
        )
        return CellPlan(self.name, self.spec.inputs, self.spec.nodes, self.spec.join, edges)

    def stride(self, source: int, *, is_strided: bool) -> int:
        """Return the stride of an edge from ``source``: 2 from an input of a strided cell."""
        return 2 if is_strided and source < self.spec.inputs else 1

    def has_weights(self, wire: Wire, *, is_strided: bool, changes_channels: bool) -> bool:
        """Whether the edge carries weights in a cell of this stride and change of channels."""
        stride = self.stride(wire.source, is_strided=is_strided)
        changes = changes_channels and wire.source < self.spec.inputs
        return self.operations[wire.operation].has_weights(stride=stride, changes_channels=changes)

    def may_have_weights(
        self, target: int, slot: int, *, is_strided: bool, changes_channels: bool
    ) -> bool:
        """Whether any genome puts weights on this edge."""
        if self.fixed is not None:
            wire = self.wires(())[self.slots.index((target, slot))]
            return self.has_weights(wire, is_strided=is_strided, changes_channels=changes_channels)
        return any(
            self.has_weights(
                Wire(sources[slot], target, operation),
                is_strided=is_strided,
                changes_channels=changes_channels,
            )
            for sources in self.sources[target]
            for operation in range(len(self.operations))
        )

    def site_names(self, *, is_strided: bool, may_change: bool = False) -> tuple[str, ...]:
        """Return the blocks of an instance that may have weights: ``preprocess0``, ``edge2_0`` ...

        Args:
            is_strided: whether it halves the image.
            may_change: whether it changes the channels in some genome.
        """
        preprocess = [f"preprocess{node}" for node in range(self.spec.inputs)]
        edges = [
            f"edge{target}_{slot}"
            for target, slot in self.slots
            if self.may_have_weights(
                target, slot, is_strided=is_strided, changes_channels=may_change
            )
        ]
        return tuple((preprocess if self.spec.inputs == 2 else []) + edges)
