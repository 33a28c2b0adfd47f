"""A decoded genome: positions, edges and rules, from which a network is built."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evonas.space.operation import Operation

PositionKind = Literal["stem", "cell", "reduction", "classifier"]


@dataclass(frozen=True)
class Edge:
    """One operation between two nodes of a cell.

    Args:
        name: ``<target>_<slot>``; the slot counts the edges that enter the target.
        source: node that it reads; 0 to inputs-1 are the cell's inputs, then the computed nodes.
        target: node whose sum it is added to.
        operation: operation on the edge.
        is_live: False if the operation is zero, the source is identically zero, or the target
            does not reach the cell's output. Such an edge is built, so that its weights are
            counted, but never run.
    """

    name: str
    source: int
    target: int
    operation: Operation
    is_live: bool


@dataclass(frozen=True)
class CellPlan:
    """One cell as the genome describes it, shared by all positions that use it.

    Args:
        name: name of the cell in the YAML.
        inputs: 1 or 2; with two, input 0 is the position before the previous one, and input 1 the
            previous one.
        nodes: number of computed nodes; each is the sum of its edges.
        join: ``last`` (the output is the last node), ``sum`` or ``concat`` (of all nodes).
        edges: edges, by target, then by source.
    """

    name: str
    inputs: int
    nodes: int
    join: str
    edges: tuple[Edge, ...]

    @property
    def live_inputs(self) -> tuple[int, ...]:
        """Inputs that are read by a live edge."""
        read = {edge.source for edge in self.edges if edge.is_live}
        return tuple(node for node in range(self.inputs) if node in read)

    @property
    def is_zero(self) -> bool:
        """Whether the cell's output is identically zero."""
        return not any(edge.is_live for edge in self.edges)


@dataclass(frozen=True)
class Position:
    """One block of the skeleton.

    Args:
        name: ``stem``, ``stage0.cell0``, ``reduction1`` (before stage 1) or ``classifier``.
        kind: ``reduction`` is a residual block; a reduction *cell* has the kind ``cell``.
        cell: name of its cell, or None.
        channels: output channels; for the classifier, the features it reads.
        stage: number of its stage; the stem belongs to stage 0, a reduction to the stage after it,
            the classifier to the last one.
        is_strided: whether it halves the image; in a strided cell the edges that leave an input
            have stride 2.
        sites: full names of the blocks that have weights, and so a rule, in some genome.
        changes_channels: whether it is a cell with one input whose channels differ from its own.
        width: name of the value that sets its channels, such as ``stage0.channels``.
    """

    name: str
    kind: PositionKind
    cell: str | None
    channels: int
    stage: int
    is_strided: bool
    sites: tuple[str, ...]
    changes_channels: bool = False
    width: str = ""

    def stride(self, plan: CellPlan, edge: Edge) -> int:
        """Return the stride of an edge: 2 if the cell is strided and the edge leaves an input."""
        return 2 if self.is_strided and edge.source < plan.inputs else 1

    def changes(self, plan: CellPlan, edge: Edge) -> bool:
        """Whether an edge of its cell changes the channels."""
        return self.changes_channels and edge.source < plan.inputs

    def has_weights(self, plan: CellPlan, edge: Edge) -> bool:
        """Whether an edge of its cell carries weights."""
        return edge.operation.has_weights(
            stride=self.stride(plan, edge), changes_channels=self.changes(plan, edge)
        )


@dataclass(frozen=True)
class Blueprint:
    """A decoded genome.

    Args:
        positions: positions of this genome, in the order in which the image passes them.
        cells: plan of every cell, by name.
        rules: rule of every site of every position, including sites without weights in this
            genome.
        activation: activation of the whole network.
        normalisation: normalisation of the whole network.
    """

    positions: tuple[Position, ...]
    cells: Mapping[str, CellPlan]
    rules: Mapping[str, str]
    activation: str = "relu"
    normalisation: str = "batch"
