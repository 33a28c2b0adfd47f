"""Drawings of cells: exactly the edges of the plan; hand-written texts."""

from xml.etree import ElementTree

import pytest

from evonas.report.cell_drawing import cells_as_svg, cells_as_text
from evonas.space import load, shipped

SVG = "{http://www.w3.org/2000/svg}"
GENOME = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|none~1|avg_pool_3x3~2|"


def test_cell_text_lists_the_sum_of_each_node() -> None:
    space = load("nas-bench-201")
    plan = space.decode(space.parse(GENOME)).cells
    assert cells_as_text(plan) == [
        "cell  n1 = nor_conv_3x3(in)",
        "cell  n2 = skip_connect(n1)",
        "cell  n3 = nor_conv_1x1(in) + avg_pool_3x3(n2)",
        "cell  output = n3",
    ]


def test_dead_edges_are_bracketed_and_dashed() -> None:
    space = load("nas-bench-201")
    dead = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
    plan = space.decode(space.parse(dead)).cells
    assert cells_as_text(plan)[:3] == [
        "cell  n1 = [nor_conv_3x3(in)]",
        "cell  n2 = 0",
        "cell  n3 = skip_connect(in) + [avg_pool_3x3(n2)]",
    ]
    assert cells_as_svg(plan, title="t").count("stroke-dasharray") == 2


@pytest.mark.parametrize("name", shipped())
def test_cell_drawing_has_every_node_and_non_zero_edge(name: str) -> None:
    import random

    space = load(name)
    for seed in range(5):
        cells = space.decode(space.sample(random.Random(seed))).cells
        root = ElementTree.fromstring(cells_as_svg(cells, title="a < b"))
        texts = [text.text for text in root.iter(f"{SVG}text")]
        operations = [
            edge.operation.name
            for cell in cells.values()
            for edge in cell.edges
            if edge.operation.kind != "zero"
        ]
        assert sorted(t for t in texts if t in set(operations)) == sorted(operations)
        nodes = sum(cell.inputs + cell.nodes + 1 for cell in cells.values())
        assert len(list(root.iter(f"{SVG}circle"))) == nodes
