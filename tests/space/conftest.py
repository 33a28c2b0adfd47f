"""Spaces for the tests of general laws: all shipped spaces, and unusual ones."""

import os
from pathlib import Path

import pytest

from evonas.space import Space, from_data, load, shipped
from evonas.strict_yaml import parse_yaml

ODD_SPACES = {
    # two inputs, a zero, nodes that may be dead, a reduction cell without concat
    "two-inputs": """
        name: two-inputs
        description: odd
        size: {channels: 4, cells: 2}
        stem: {channels: 2}
        cells:
          normal:
            inputs: 2
            nodes: 2
            graph: dense
            join: last
            operations:
              skip: {kind: identity}
              nil: {kind: zero}
              conv: {kind: convolution, kernel: 1}
          shrink:
            inputs: 2
            nodes: 3
            graph: {choose: 1}
            join: last
            operations:
              nil: {kind: zero}
              skip: {kind: identity}
              pool: {kind: pool, mode: avg, kernel: 3}
        stages:
          - {cell: normal, channels: 1}
          - {cell: normal, channels: 2, repeat: 1}
        reduction: {kind: cell, cell: shrink}
        rules: {choices: [fa, usf, kp], granularity: edge}
    """,
    # a different cell in every stage, so a dead cell cuts off the genes of the previous one
    "chain": """
        name: chain
        description: odd
        size: {channels: 4, cells: 1}
        cells:
          early:
            nodes: 3
            graph: {choose: 1}
            join: sum
            operations:
              nil: {kind: zero}
              conv: {kind: convolution, kernel: 3}
              skip: {kind: identity}
          late:
            nodes: 2
            graph: dense
            join: last
            operations:
              nil: {kind: zero}
              conv: {kind: separable, kernel: 3}
        stages:
          - {cell: early, channels: 1}
          - {cell: late, channels: 3, repeat: 2}
        rules: {choices: [fa, usf], granularity: stage}
    """,
    # the same cell in stages and reduction, where its identity has weights
    "everywhere": """
        name: everywhere
        description: odd
        size: {channels: 4, cells: 1}
        cells:
          cell:
            inputs: 2
            nodes: 2
            graph: dense
            join: concat
            operations:
              skip: {kind: identity}
              pool: {kind: pool, mode: max, kernel: 3}
        stages: [{cell: cell, channels: 1}, {cell: cell, channels: 2}]
        reduction: {kind: cell, cell: cell}
        rules: {choices: [fa, usf], granularity: edge}
    """,
    # one rule for everything; unused nodes, and no zero operation to fold them to
    "one-rule": """
        name: one-rule
        description: odd
        size: {channels: 4, cells: 1}
        cells:
          cell:
            inputs: 2
            nodes: 3
            graph: {choose: 1}
            join: last
            operations:
              conv: {kind: convolution, kernel: 3}
              pool: {kind: pool, mode: max, kernel: 3}
        stages: [{cell: cell, channels: 2}]
        rules: {choices: [fa, usf], granularity: network}
    """,
    # choices of width, depth, activation and normalisation; dead cells, stages without cells
    "open-shape": """
        name: open-shape
        description: odd
        size: {channels: 4, cells: 1}
        activation: {choose: [relu, tanh]}
        normalisation: {choose: [batch, none]}
        cells:
          early:
            nodes: 2
            graph: {choose: 1}
            join: last
            operations:
              nil: {kind: zero}
              skip: {kind: identity}
              pool: {kind: pool, mode: avg, kernel: 3}
          late:
            nodes: 1
            graph: dense
            operations:
              nil: {kind: zero}
              sep: {kind: separable, kernel: 3}
              wide: {kind: mbconv, kernel: 3, expansion: 2}
              look: {kind: attention, heads: 2}
        stages:
          - {cell: early, channels: {choose: [1, 2]}, repeat: {choose: [2, 0, 1]}}
          - {cell: late, channels: 1, repeat: {choose: [1, 3]}}
          - {cell: early, channels: {choose: [1, 3]}, reduction_channels: {choose: [2, 1]}}
        head: {norm: false}
        rules: {choices: [fa, usf], granularity: layer}
    """,
    # the same with two inputs, a reduction cell, and a reducing stem with its own width
    "open-two": """
        name: open-two
        description: odd
        size: {channels: 4, cells: 1}
        activation: {choose: [gelu, silu]}
        normalisation: {choose: [group, layer]}
        stem: {kind: reducing, channels: {choose: [2, 1]}}
        cells:
          normal:
            inputs: 2
            nodes: 2
            graph: {choose: 1}
            join: sum
            operations:
              nil: {kind: zero}
              skip: {kind: identity}
              pool: {kind: pool, mode: max, kernel: 3}
        stages:
          - {cell: normal, channels: {choose: [1, 2]}, repeat: {choose: [1, 2, 3]}}
          - {cell: normal, channels: {choose: [2, 4]}, repeat: {choose: [1, 2]}}
        reduction: {kind: cell, cell: normal}
        head: {norm: false}
        rules: {choices: [fa, usf, kp], granularity: layer}
    """,
    # no reductions between stages, so a layer may belong to either; stages may be empty
    "rows": """
        name: rows
        description: odd
        size: {channels: 4, cells: 1}
        stem: {kind: linear}
        cells:
          row:
            nodes: 1
            graph: dense
            operations: {nil: {kind: zero}, skip: {kind: identity}, full: {kind: linear}}
        stages:
          - {cell: row, channels: {choose: [1, 2]}, repeat: {choose: [0, 1, 2]}}
          - {cell: row, channels: {choose: [1, 2]}, repeat: {choose: [1, 0]}}
        reduction: {kind: none}
        rules: {choices: [fa, usf], granularity: layer}
    """,
}


@pytest.fixture(scope="session", params=[*shipped(), *ODD_SPACES])
def space(request: pytest.FixtureRequest) -> Space:
    """Each shipped space at its own size, and each unusual one."""
    if request.param in ODD_SPACES:
        text = ODD_SPACES[request.param]
        return from_data(parse_yaml(text, where=request.param), where=request.param)
    return load(request.param)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of measured data next to the repository or in EVONAS_DATA; skips without it."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("EVONAS_DATA", beside))
    table = folder / "nas-bench-201" / "nb201_cifar10.csv.gz"
    if not table.is_file():
        pytest.skip(f"{table} is absent")
    return folder
