"""A cell: a small directed graph whose edges are operations."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from evonas.space import CellPlan


class Cell(nn.Module):
    """Runs the live edges of a plan; edges that carry nothing are built, counted and never run.

    Args:
        plan: the graph.
        edges: one module for every edge of the plan whose operation is not zero, by its name.
        preprocess: one module for every input, which brings it to the cell's channels and size.
        channels: channels of every node.
        stride: 2 when the cell halves the size, else 1.
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
        live = [edge for edge in plan.edges if edge.is_live]
        self._incoming = [
            [(edge.name, edge.source) for edge in live if edge.target == node]
            for node in range(plan.inputs, plan.inputs + plan.nodes)
        ]

    def forward(self, *inputs: Tensor) -> Tensor:
        """Maps one or two tensors (N, C, H, W) to the joined nodes."""
        prepared = [module(value) for module, value in zip(self.preprocess, inputs, strict=True)]
        values: list[Tensor | None] = list(prepared)
        for incoming in self._incoming:
            terms = [self.edges[name](values[source]) for name, source in incoming]
            values.append(reduce(add, terms) if terms else None)
        nodes = values[len(prepared) :]
        if self.join == "concat":
            return torch.cat([self._or_zeros(node, prepared[0]) for node in nodes], dim=1)
        if self.join == "last":
            return self._or_zeros(nodes[-1], prepared[0])
        present = [node for node in nodes if node is not None]
        return self._or_zeros(reduce(add, present) if present else None, prepared[0])

    def _or_zeros(self, node: Tensor | None, like: Tensor) -> Tensor:
        """``node``, or zeros of its shape when nothing reaches it."""
        if node is not None:
            return node
        batch, _, height, width = like.shape
        # a multiple of the input, so that its gradient exists and is zero
        size = (-(-height // self.stride), -(-width // self.stride))
        return like.new_zeros((batch, self.channels, *size)) + 0.0 * like.sum()
