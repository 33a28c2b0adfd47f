"""Cells compared with sums by hand; the edges multiply by a number."""

import pytest
import torch
from torch import Tensor, nn

from evonas.networks.cell import Cell
from evonas.space import CellPlan, Edge, Operation


class Times(nn.Module):
    """Multiplies by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, value: Tensor) -> Tensor:
        return self.factor * value


def cell(join: str, *, stride: int = 1, dead: tuple[str, ...] = ()) -> Cell:
    """Nodes 0 and 1 are inputs; 2 = 3 x0 + 5 x1 and 3 = 7 x0 + 11 of node 2."""
    edges = {"2_0": (0, 2, 3.0), "2_1": (1, 2, 5.0), "3_0": (0, 3, 7.0), "3_1": (2, 3, 11.0)}
    operation = Operation("conv", "identity")
    plan = CellPlan(
        "cell", 2, 2, join,
        tuple(Edge(n, s, t, operation, n not in dead) for n, (s, t, _) in edges.items()),
    )  # fmt: skip
    return Cell(
        plan,
        edges={name: Times(factor) for name, (*_, factor) in edges.items()},
        preprocess=[Times(1.0), Times(2.0)],
        channels=1,
        stride=stride,
    )


X = torch.full((1, 1, 5, 7), 1.0)
Y = torch.full((1, 1, 5, 7), 10.0)


@pytest.mark.parametrize(
    ("join", "values"),
    # preprocessing doubles the second input: node 2 = 3 + 100, node 3 = 7 + 11 * 103
    [("last", [1140.0]), ("sum", [1243.0]), ("concat", [103.0, 1140.0])],
)
def test_node_sums_its_edges_and_cell_joins_its_nodes(join: str, values: list[float]) -> None:
    assert cell(join)(X, Y)[0, :, 0, 0].tolist() == values


@pytest.mark.parametrize(
    ("join", "values"), [("last", [7.0]), ("sum", [7.0]), ("concat", [0.0, 7.0])]
)
def test_dead_edge_is_not_run(join: str, values: list[float]) -> None:
    dead = cell(join, dead=("2_0", "2_1", "3_1"))
    assert dead(X, Y)[0, :, 0, 0].tolist() == values


@pytest.mark.parametrize(("join", "channels"), [("last", 1), ("sum", 1), ("concat", 2)])
def test_cell_without_live_edges_gives_zeros_and_zero_gradient(join: str, channels: int) -> None:
    dead = cell(join, stride=2, dead=("2_0", "2_1", "3_0", "3_1"))
    given = X.clone().requires_grad_()
    out = dead(given, Y)
    assert torch.equal(out, torch.zeros(1, channels, 3, 4))
    (gradient,) = torch.autograd.grad(out.sum(), given)
    assert torch.equal(gradient, torch.zeros_like(X))
