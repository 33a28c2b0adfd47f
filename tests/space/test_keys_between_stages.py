"""Keys of spaces without reductions between stages: equal exactly for the same row of layers."""

from itertools import product

import pytest

from evonas.space import Genome, Space, from_data
from evonas.strict_yaml import parse_yaml

ROW = """
    name: row
    description: stages that may be empty, without reductions between them
    size: {{channels: 4, cells: 1}}
    cells:
      row: {{nodes: 1, graph: dense, operations: {{conv: {{kind: convolution, kernel: 3}}}}}}
    stages:
      - {{cell: row, channels: {0}, repeat: {{choose: [0, 1, 2]}}}}
      - {{cell: row, channels: {1}, repeat: {{choose: [0, 1, 2]}}}}
    stem: {{channels: 1}}
    reduction: {{kind: none}}
    rules: {{choices: [fa], granularity: network}}
"""


def row(first: str, second: str) -> Space:
    return from_data(parse_yaml(ROW.format(first, second), where="row"), where="row")


@pytest.mark.parametrize(
    ("first", "second"),
    [("1", "1"), ("1", "2"), ("1", "{choose: [1, 2]}"), ("{choose: [2, 1]}", "2")],
)
def test_keys_are_equal_exactly_for_rows_of_the_same_widths(first: str, second: str) -> None:
    space = row(first, second)
    widths_of: dict[str, tuple[int, ...]] = {}
    for values in product(*(range(len(gene.choices)) for gene in space.genes)):
        genome = Genome(values)
        widths = tuple(position.channels for position in space.decode(genome).positions)
        assert widths_of.setdefault(space.key(genome), widths) == widths
    assert len(set(widths_of.values())) == len(widths_of)
