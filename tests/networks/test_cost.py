"""Costs compared with NAS-Bench-201's tables, DARTS' published size and torch's FLOP counter."""

import random
from itertools import product

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from evonas.networks import Network, build, count_multiply_adds, count_parameters
from evonas.rules import rule_layers
from evonas.space import Genome, Space, from_data, load, shipped
from evonas.strict_yaml import parse_yaml

# Liu, Simonyan and Yang 2019, the cell called DARTS_V2: 3.3 M parameters; the exact number is that
# of the authors' own network at 36 channels and 20 layers without its auxiliary head
DARTS_V2 = (
    "normal=|sep_conv_3x3~0|sep_conv_3x3~1|+|sep_conv_3x3~0|sep_conv_3x3~1|"
    "+|sep_conv_3x3~1|skip_connect~0|+|skip_connect~0|dil_conv_3x3~2| "
    "reduction=|max_pool_3x3~0|max_pool_3x3~1|+|skip_connect~2|max_pool_3x3~1|"
    "+|max_pool_3x3~0|skip_connect~2|+|skip_connect~2|max_pool_3x3~1|"
)

WIDENING_POOL = """
    name: pool
    description: a reduction cell that pools and doubles the channels
    size: {{channels: 4, cells: 1}}
    cells:
      cell: {{nodes: 1, graph: dense, operations: {{pool: {{kind: pool, mode: {0}, kernel: 3}}}}}}
    stages: [{{cell: cell, channels: 1}}, {{cell: cell, channels: 2}}]
    reduction: {{kind: cell, cell: cell}}
    rules: {{choices: [bp], granularity: network}}
"""


def of_counts(space: Space, num_1x1: int, num_3x3: int) -> Genome:
    operations = ["nor_conv_1x1"] * num_1x1 + ["nor_conv_3x3"] * num_3x3
    operations += ["skip_connect"] * (6 - len(operations))
    a, b, c, d, e, f = operations
    return space.parse(f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|")


def grow(space: Space, genome: Genome, side: int, classes: int) -> Network:
    with torch.device("meta"):
        return build(space, genome, input_shape=(3, side, side), num_classes=classes, seed=0)


@pytest.mark.parametrize(
    ("counts"), [(a, b) for a, b in product(range(7), repeat=2) if a + b <= 6]
)
def test_costs_match_nas_bench_201_for_all_convolution_counts(counts: tuple[int, int]) -> None:
    num_1x1, num_3x3 = counts
    space = load("nas-bench-201").with_rules(("bp",))
    genome = of_counts(space, num_1x1, num_3x3)
    # Dong and Yang 2020; the constants fit all 15,625 records of their tables
    for side, classes, more, base, per_1x1, per_3x3 in (
        (32, 10, 0, 7_783_050, 3_932_160, 35_389_440),
        (32, 100, 5_850, 7_788_900, 3_932_160, 35_389_440),
        (16, 120, 7_150, 1_953_400 + 60, 983_040, 8_847_360),
    ):
        network = grow(space, genome, side, classes)
        assert count_parameters(network) == 73_306 + more + 28_000 * num_1x1 + 243_040 * num_3x3
        assert count_multiply_adds(network, input_shape=(3, side, side)) == pytest.approx(
            base + per_1x1 * num_1x1 + per_3x3 * num_3x3, abs=100
        )


def test_darts_v2_cell_has_published_parameter_count() -> None:
    space = load("darts").with_rules(("bp",))
    network = grow(space, space.parse(DARTS_V2), 32, 10)
    assert count_parameters(network) == 3_349_342


@pytest.mark.parametrize("name", shipped())
@pytest.mark.parametrize("seed", range(3))
def test_multiply_adds_are_half_of_torch_flops(name: str, seed: int) -> None:
    space = load(name).resized(channels=4, cells=1).with_rules(("bp",))
    genome = space.canonical(space.sample(random.Random(seed)))
    shape = (3, 16, 16)
    network = build(space, genome, input_shape=shape, num_classes=10, seed=0).eval()
    # an edge without influence is counted, as in the benchmark, but never run
    if not all(
        edge.is_live or edge.operation.kind == "zero"
        for plan in space.decode(genome).cells.values()
        for edge in plan.edges
    ):
        pytest.skip("holds an edge that is never run")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.rand(1, *shape))
    # biases of the classifier, and of one-pixel layers without normalisation
    bias = sum(
        layer.bias.numel()
        for layer in rule_layers(network).values()
        if isinstance(layer.bias, torch.Tensor)
    )
    assert count_multiply_adds(network, input_shape=shape) - bias == counter.get_total_flops() // 2


@pytest.mark.parametrize("mode", ["avg", "max"])
def test_convolution_before_a_strided_pool_counts_all_pixels(mode: str) -> None:
    space = from_data(parse_yaml(WIDENING_POOL.format(mode), where="pool"), where="pool")
    network = build(space, space.parse("|pool~0|"), input_shape=(3, 8, 8), num_classes=5, seed=0)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.rand(1, 3, 8, 8))
    products = count_multiply_adds(network, input_shape=(3, 8, 8))
    assert products - 5 == counter.get_total_flops() // 2  # biases of the classifier


def test_local_heads_count_as_parameters_but_not_multiply_adds() -> None:
    space = load("nas-bench-201").resized(channels=4, cells=1)
    genome = of_counts(space.with_rules(("fa",)), 1, 1)
    plain = grow(space.with_rules(("fa",)), genome, 8, 3)
    with_heads = grow(space.with_rules(("local",)), genome, 8, 3)
    heads = sum(
        3 * 4 * layer.weight.shape[0] + 3  # three classes, 2 x 2 places
        for name, layer in rule_layers(plain).items()
        if name != "classifier"
    )
    assert count_parameters(with_heads) == count_parameters(plain) + heads
    costs = {count_multiply_adds(each, input_shape=(3, 8, 8)) for each in (plain, with_heads)}
    assert len(costs) == 1
