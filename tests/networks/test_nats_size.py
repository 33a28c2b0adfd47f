"""The size space of NATS-Bench: a literal network from its paper, and counts by hand."""

import random
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from evonas.networks import Network, build, count_multiply_adds, count_parameters
from evonas.space import Genome, Space, load

SPACE = load("nats-size").with_rules(("bp",))


def genome_of(widths: tuple[int, ...], space: Space = SPACE) -> Genome:
    """The genome of five widths in the benchmark's order, ``8:16:24:...``."""
    names = [gene.name for gene in space.genes if gene.kind == "channels"]
    cell = space.spec.cells["cell"].fixed
    words = [f"{name}={width // 8}" for name, width in zip(names, widths, strict=True)]
    return space.parse(" ".join([str(cell), *words]))


def grow(widths: tuple[int, ...], *, device: str = "meta") -> Network:
    with torch.device(device):
        return build(SPACE, genome_of(widths), input_shape=(3, 32, 32), num_classes=10, seed=0)


class LiteralCell(nn.Module):
    """The fixed cell: three nodes of 3x3 convolutions, and a skip from the input to the last.

    Dong et al. 2021, section 3.2; where the widths differ the skip is a 1x1 convolution.
    """

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.first = relu_conv_bn(before, width)
        self.from_input = relu_conv_bn(before, width)
        self.second = relu_conv_bn(width, width)
        self.skip: nn.Module = nn.Identity()
        if before != width:
            self.skip = nn.Sequential(
                nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
            )
        self.from_first = relu_conv_bn(width, width)
        self.from_second = relu_conv_bn(width, width)

    def forward(self, inputs: Tensor) -> Tensor:
        first = self.first(inputs)
        second = self.from_input(inputs) + self.second(first)
        total: Tensor = self.skip(inputs) + self.from_first(first) + self.from_second(second)
        return total


class LiteralReduction(nn.Module):
    """The residual block that halves the image."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.first = relu_conv_bn(before, width, stride=2)
        self.second = relu_conv_bn(width, width)
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(before, width, 1, bias=False))

    def forward(self, inputs: Tensor) -> Tensor:
        total: Tensor = self.shortcut(inputs) + self.second(self.first(inputs))
        return total


def relu_conv_bn(before: int, width: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(), nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
    )


def literal(widths: tuple[int, ...]) -> nn.Sequential:
    a, b, c, d, e = widths
    return nn.Sequential(
        nn.Conv2d(3, a, 3, padding=1, bias=False),
        nn.BatchNorm2d(a),
        LiteralCell(a, a),
        LiteralReduction(a, b),
        LiteralCell(b, c),
        LiteralReduction(c, d),
        LiteralCell(d, e),
        nn.BatchNorm2d(e),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(e, 10),
    )


def formula(widths: tuple[int, ...]) -> int:
    """Parameters counted by hand: each normalisation has two numbers per channel."""
    a, b, c, d, e = widths

    def cell(before: int, width: int) -> int:
        skip = 0 if before == width else before * width + 2 * width
        return 18 * before * width + 27 * width**2 + 10 * width + skip

    def reduction(before: int, width: int) -> int:
        return 10 * before * width + 9 * width**2 + 4 * width

    stem_and_head = 27 * a + 2 * a + 2 * e + 10 * e + 10
    blocks = cell(a, a) + reduction(a, b) + cell(b, c) + reduction(c, d) + cell(d, e)
    return stem_and_head + blocks


def some_widths(count: int) -> list[tuple[int, ...]]:
    rng = random.Random(0)
    corners = [(8,) * 5, (64,) * 5, (8, 16, 24, 32, 40), (64, 8, 64, 8, 64)]
    return corners + [tuple(8 * rng.randint(1, 8) for _ in range(5)) for _ in range(count)]


@pytest.mark.system
def test_space_has_32768_candidates() -> None:
    keys = {SPACE.key(genome_of(widths)) for widths in product(range(8, 65, 8), repeat=5)}
    assert len(keys) == SPACE.size == 32_768


@pytest.mark.parametrize("widths", some_widths(12))
def test_parameters_and_multiply_adds_match_literal_network(
    widths: tuple[int, ...],
) -> None:
    with torch.device("meta"):
        expected = count_parameters(literal(widths))
    network = grow(widths)
    assert count_parameters(network) == expected == formula(widths)
    # weights times the pixels that they are applied to, 32 x 32, 16 x 16 and 8 x 8
    a, b, c, d, e = widths
    norms = [27 * a, 45 * a * a, 10 * a * b + 9 * b * b, 10 * c * d + 9 * d * d]
    cells = [18 * i * o + 27 * o * o + (i * o if i != o else 0) for i, o in ((b, c), (d, e))]
    expected = 1024 * (norms[0] + norms[1]) + 256 * (norms[2] + cells[0])
    expected += 64 * (norms[3] + cells[1]) + 10 * e + 10
    assert count_multiply_adds(network, input_shape=(3, 32, 32)) == expected


@pytest.mark.parametrize("widths", [(8, 16, 16, 8, 24), (16, 8, 8, 16, 16)])
def test_outputs_match_literal_network(widths: tuple[int, ...]) -> None:
    network, expected = grow(widths, device="cpu").double(), literal(widths).double()
    # the literal cell builds its edges in a different order
    for mine, its in zip(_in_order(network), expected.parameters(), strict=True):
        its.data.copy_(mine)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(network(images), expected(images))


def _in_order(network: Network) -> list[Tensor]:
    """Parameters in the order of the literal network."""
    state = dict(network.named_parameters())
    names: list[str] = [n for n in state if n.startswith("body.stem")]
    for block in ("stage0_cell0", "reduction1", "stage1_cell0", "reduction2", "stage2_cell0"):
        parts = ["edges.1_0", "edges.2_0", "edges.2_1", "edges.3_0", "edges.3_1", "edges.3_2"]
        if block.startswith("reduction"):
            parts = ["first", "second", "shortcut"]
        for part in parts:
            names += [n for n in state if n.startswith(f"body.{block}.{part}.")]
    names += [n for n in state if n.startswith(("head", "classifier"))]
    assert sorted(names) == sorted(state)
    return [state[name].data for name in names]


def test_skip_has_rule_only_if_width_changes() -> None:
    space = load("nats-size").with_rules(("fa", "usf"))
    gene = [gene.name for gene in space.genes].index("stage1.cell0.edge3_0")
    assert space.is_active(genome_of((8, 8, 16, 8, 8), space))[gene]
    assert not space.is_active(genome_of((8, 8, 8, 8, 8), space))[gene]
