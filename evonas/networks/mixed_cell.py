"""Cell of a supernet: every operation on every edge, some of which a selection runs."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import final

from torch import Tensor, nn

from evonas.networks.cell import join_nodes
from evonas.networks.operations import make_operation
from evonas.networks.style import Style
from evonas.networks.supernet_selection import Selection
from evonas.rules import AbstractRule, all_rules
from evonas.space import Position
from evonas.space.cell import CellGraph


@final
class MixedCell(nn.Module):
    """A cell with every operation on every edge."""

    def __init__(
        self,
        graph: CellGraph,
        *,
        preprocess: Sequence[nn.Module],
        position: Position,
        given_channels: int,
        style: Style,
    ) -> None:
        super().__init__()
        self.position = position
        self.preprocess = nn.ModuleList(preprocess)
        self.join = graph.spec.join
        self.inputs = graph.spec.inputs
        self.stride = 2 if position.is_strided else 1
        self.edges = nn.ModuleDict(
            {
                f"{source}_{target}": _operations(
                    graph,
                    source,
                    position,
                    in_channels=given_channels if source < self.inputs else position.channels,
                    style=style,
                )
                for target in graph.targets
                for source in range(target)
                if any(source in sources for sources in graph.sources[target])
            }
        )

    def forward(self, selection: Selection, *inputs: Tensor) -> Tensor:
        """Maps one or two tensors (N, C, H, W) to the output of the selected operations."""
        prepared = [module(value) for module, value in zip(self.preprocess, inputs, strict=True)]
        values: list[Tensor | None] = list(prepared)
        for target, terms in enumerate(
            selection.cells[self.position.cell or ""], start=self.inputs
        ):
            sums = []
            for term in terms:
                source = values[term.source]
                if source is None:
                    continue
                value = self.operation(term.source, target, term.operation)(source)
                sums.append(value if term.weight is None else term.weight * value)
            values.append(reduce(add, sums) if sums else None)
        return join_nodes(
            values[len(prepared) :],
            join=self.join,
            like=prepared[0],
            channels=self.position.channels,
            stride=self.stride,
        )

    def operation(self, source: int, target: int, number: int) -> nn.Module:
        """The module of operation ``number`` along the edge from ``source`` to ``target``."""
        edge = self.edges[f"{source}_{target}"]
        assert isinstance(edge, nn.ModuleList)
        return edge[number]


def _operations(
    graph: CellGraph, source: int, position: Position, *, in_channels: int, style: Style
) -> nn.ModuleList:
    stride = graph.stride(source, is_strided=position.is_strided)
    return nn.ModuleList(
        nn.Identity()  # a placeholder: the zero operation is never run
        if operation.kind == "zero"
        else make_operation(
            operation,
            channels=position.channels,
            stride=stride,
            rule=placeholder_rule(""),
            in_channels=in_channels,
            style=style,
        )
        for operation in graph.operations
    )


def placeholder_rule(_: str) -> AbstractRule:
    """The rule with which layers are built; every selection replaces it."""
    return all_rules()["bp"]()
