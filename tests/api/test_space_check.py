"""Counts and trainings of ``spaces check``; the oracles are known counts and built networks."""

from itertools import product

import pytest

from evonas.api.checks.space_check import NUM_SAMPLED, count_functions, extreme_steps, one_rule
from evonas.networks import build, count_multiply_adds, count_parameters
from evonas.space import Space, from_data, load
from evonas.strict_yaml import parse_yaml

CHOOSY = """
name: choosy
description: Two widths, two depths, one operation that is expensive.
size: {channels: 4, cells: 1}
cells:
  cell:
    nodes: 1
    graph: dense
    operations: {skip: {kind: identity}, conv: {kind: convolution, kernel: 3}}
stages: [{cell: cell, channels: {choose: [2, 1, 3]}, repeat: {choose: [2, 1]}}]
rules: {choices: [fa, usf], granularity: network}
"""


def choosy() -> Space:
    return from_data(parse_yaml(CHOOSY, where="test"), where="test")


def test_function_count_of_small_space_matches_enumeration() -> None:
    seen = []
    count = count_functions(
        load("tiny").with_rules(("fa",)), on_progress=lambda *n: seen.append(n)
    )
    space = load("tiny").with_rules(("fa",))
    texts = [f"|{a}~0|+|{b}~{i}|+|{c}~{j}|" for a, b, c in product(OPS, repeat=3)
             for i, j in product(range(2), range(3))]  # fmt: skip
    keys = {space.key(space.parse(text)) for text in texts}
    assert (count.genomes, count.looked_at, count.functions) == (750, 750, len(keys))
    assert count.is_whole
    assert seen[-1] == (700, 750)


OPS = ("skip", "conv_3x3", "grouped_3x3", "sep_3x3", "max_pool")


def test_nas_bench_201_has_published_number_of_functions() -> None:
    count = count_functions(one_rule(load("nas-bench-201").resized(cells=1)))
    # Dong and Yang 2020: distinct cells after folding zeros and skips
    assert (count.genomes, count.functions) == (15_625, 6_466)


def test_functions_of_large_space_are_estimated_from_sample() -> None:
    count = count_functions(load("darts"))
    assert count.looked_at == NUM_SAMPLED
    assert count.functions <= NUM_SAMPLED
    assert not count.is_whole


def test_extreme_networks_have_smallest_and_largest_shape() -> None:
    space = choosy()
    small, large = extreme_steps(space)
    for step, operation, width, repeat in ((small, "skip", 1, 1), (large, "conv", 3, 2)):
        text = f"|{operation}~0| stage0.channels={width} stage0.repeat={repeat}"
        assert step.genome.startswith(text)
        network = build(space, space.parse(text), input_shape=(3, 32, 32), num_classes=10, seed=0)
        assert step.parameters == count_parameters(network)
        assert step.multiply_adds == count_multiply_adds(network, input_shape=(3, 32, 32))
        assert step.side == 32
        assert step.loss_after != pytest.approx(step.loss_before, abs=1e-7)
        assert step.seconds > 0


def test_check_uses_images_large_enough_for_the_space() -> None:
    text = CHOOSY.replace("stages: [", "stages: [" + "{cell: cell, channels: 1}, " * 6)
    space = from_data(parse_yaml(text, where="test"), where="test")
    assert [step.side for step in extreme_steps(space)] == [64, 64]
