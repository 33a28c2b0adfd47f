"""Keys partition NAS-Bench-201 as the benchmark itself does (Dong and Yang 2020)."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import product
from pathlib import Path

import pytest

from evonas.space import Genome, Space, from_data, load

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def benchmark_text(operations: Sequence[str]) -> str:
    """A cell as in docs/NAS-Bench-201.md of AutoDL-Projects: edges by target, then source."""
    a, b, c, d, e, f = operations
    return f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"


TEXTS = [benchmark_text(operations) for operations in product(OPERATIONS, repeat=6)]


@pytest.fixture(scope="module")
def space() -> Space:
    return load("nas-bench-201").resized(channels=4, cells=1)


@pytest.fixture(scope="module")
def keys(space: Space) -> dict[str, str]:
    return {text: space.key(space.parse(text)) for text in TEXTS}


def partition(labels: dict[str, Hashable]) -> set[frozenset[str]]:
    classes = defaultdict(set)
    for text, label in labels.items():
        classes[label].add(text)
    return {frozenset(members) for members in classes.values()}


def test_all_architectures_round_trip_through_text(space: Space) -> None:
    genomes = {space.parse(text) for text in TEXTS}
    assert len(genomes) == 15_625
    for text in TEXTS:
        assert space.format(space.parse(text)).partition(" @ ")[0] == text


def test_number_of_functions_matches_nas_bench_201(keys: dict[str, str]) -> None:
    assert len(set(keys.values())) == 6_466


def test_key_partition_matches_nats_bench(keys: dict[str, str]) -> None:
    genotypes = pytest.importorskip("nats_bench.genotype_utils")
    theirs = {
        text: genotypes.topology_str2structure(text).to_unique_str(consider_zero=True)
        for text in TEXTS
    }
    assert partition(dict(keys)) == partition(theirs)


def test_key_partition_matches_isomorph_column(keys: dict[str, str], shared_data: Path) -> None:
    with gzip.open(shared_data / "nas-bench-201" / "nb201_cifar10.csv.gz", "rt") as table:
        isomorph = {row["arch"]: int(row["isomorph"]) for row in csv.DictReader(table)}
    assert partition(dict(keys)) == partition(dict(isomorph))


def test_zero_terms_stay_in_sums_as_in_benchmark(space: Space) -> None:
    through_two = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|"
    assert "cell[#+#+(#+(0)@nor_conv_3x3:fa)@avg_pool_3x3]" in parts(space, through_two)
    through_one = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|avg_pool_3x3~1|none~2|"
    assert "cell[#+#+((0)@nor_conv_3x3:fa)@avg_pool_3x3]" in parts(space, through_one)


def parts(space: Space, text: str) -> set[str]:
    return {
        part.partition("=")[2] for part in space.canonical_expression(space.parse(text)).split()
    }


def dense(nodes: int) -> Space:
    data = {
        "name": "dense",
        "description": "its expressions double with every node",
        "size": {"channels": 4, "cells": 1},
        "cells": {
            "cell": {
                "nodes": nodes,
                "graph": "dense",
                "operations": {
                    "conv": {"kind": "convolution", "kernel": 3},
                    "pool": {"kind": "pool", "mode": "avg", "kernel": 3},
                },
            }
        },
        "stages": [{"cell": "cell", "channels": 1}],
        "rules": {"choices": ["fa", "usf"], "granularity": "network"},
    }
    return from_data(data, where="test")


def test_expression_of_large_cell_is_short_and_distinguishes_edges() -> None:
    space = dense(nodes=16)
    genome = Genome((0,) * len(space.genes))
    assert len(space.canonical_expression(genome)) < 20_000
    keys = {space.key(genome)}
    for number in range(len(space.genes)):
        values = [int(other == number) for other in range(len(space.genes))]
        keys.add(space.key(Genome(tuple(values))))
    assert len(keys) == 1 + len(space.genes)
