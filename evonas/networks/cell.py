"""Cell: a small directed graph whose edges are operations."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from evonas.networks.node import NodeOutput, is_relu_convolution, run_node
from evonas.space import CellPlan


class Cell(nn.Module):
    """Runs the live edges of a plan; other edges are built for the cost count but never run.

    Args:
        plan: the graph.
        edges: the modules of all edges whose operation is not zero, keyed by the edge's name.
        preprocess: one module for every input, which maps it to the cell's channels and size.
        channels: number of channels of every node.
        stride: 2 if the cell halves height and width, else 1.

    Attributes:
        has_kernels: whether kernels compute its nodes in training mode.
        drops: factors (batch, 1, 1, 1) for the outputs of edges in training mode, keyed by the
            edge's name; None to apply none.
    """

    def __init__(
        self,
        plan: CellPlan,
        *,
        edges: dict[str, nn.Module],
        preprocess: Sequence[nn.Module],
        channels: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.preprocess = nn.ModuleList(preprocess)
        self.edges = nn.ModuleDict(edges)
        self.join = plan.join
        self.channels = channels
        self.stride = stride
        self.has_kernels = False
        self.drops: dict[str, Tensor] | None = None
        live = [edge for edge in plan.edges if edge.is_live]
        self._incoming = [
            [(edge.name, edge.source) for edge in live if edge.target == node]
            for node in range(plan.inputs, plan.inputs + plan.nodes)
        ]

    @property
    def live_edges(self) -> list[str]:
        """Names of the live edges, which are the ones that run."""
        return [name for incoming in self._incoming for name, _ in incoming]

    @property
    def sources(self) -> list[list[int]]:
        """For each node, the indices of the inputs and nodes that it sums over its live edges."""
        return [[source for _, source in incoming] for incoming in self._incoming]

    def forward(self, *inputs: Tensor) -> Tensor:
        """Maps one or two tensors (N, C, H, W) to the cell's output."""
        prepared = [module(value) for module, value in zip(self.preprocess, inputs, strict=True)]
        has_kernels = self.has_kernels and self.training and self.drops is None
        nodes = self._by_kernels if has_kernels else self._by_modules
        return join_nodes(
            nodes(prepared),
            join=self.join,
            like=prepared[0],
            channels=self.channels,
            stride=self.stride,
        )

    def _by_modules(self, prepared: Sequence[Tensor]) -> list[Tensor | None]:
        values: list[Tensor | None] = list(prepared)
        for incoming in self._incoming:
            terms = [self._run_edge(name, values[source]) for name, source in incoming]
            values.append(reduce(add, terms) if terms else None)
        return values[len(prepared) :]

    def _run_edge(self, name: str, value: Tensor | None) -> Tensor:
        output: Tensor = self.edges[name](value)
        if self.training and self.drops is not None and name in self.drops:
            output = output * self.drops[name].to(output.dtype)
        return output

    def _by_kernels(self, prepared: Sequence[Tensor]) -> list[Tensor | None]:
        """Like :meth:`_by_modules`, with equal results up to rounding."""
        values = {source: NodeOutput(tensor) for source, tensor in enumerate(prepared)}
        nodes = range(len(prepared), len(prepared) + len(self._incoming))
        for node, incoming in zip(nodes, self._incoming, strict=True):
            if incoming:
                outgoing = [name for of in self._incoming for name, source in of if source == node]
                values[node] = run_node(
                    [(self.edges[name], values[source]) for name, source in incoming],
                    with_active=any(is_relu_convolution(self.edges[name]) for name in outgoing),
                )
        return [values[node].plain if node in values else None for node in nodes]


def join_nodes(
    nodes: Sequence[Tensor | None], *, join: str, like: Tensor, channels: int, stride: int
) -> Tensor:
    """The output of a cell: its last node, or the sum or concatenation of its nodes.

    Args:
        nodes: the computed nodes, (N, C, H, W); None for a node without live edges, which is zero.
        join: ``last``, ``sum`` or ``concat``.
        like: a preprocessed input of the cell.
        channels: the number of channels C.
        stride: ratio of the size of ``like`` to the size of the nodes.
    """

    def present(node: Tensor | None) -> Tensor:
        if node is not None:
            return node
        batch, _, height, width = like.shape
        # depends on the input, so that the input's gradient exists and is zero
        size = (-(-height // stride), -(-width // stride))
        return like.new_zeros((batch, channels, *size)) + 0.0 * like.sum()

    if join == "concat":
        return torch.cat([present(node) for node in nodes], dim=1)
    if join == "last":
        return present(nodes[-1])
    reached = [node for node in nodes if node is not None]
    return present(reduce(add, reached) if reached else None)
