"""Rules by depth, and drawings: the oracle is the network that is built."""

import random
from collections import Counter
from xml.etree import ElementTree

import pytest

import evonas
from evonas.analysis.rule_sites import live_sites
from evonas.report.html.depths import depths_of
from evonas.report.html.drawings import drawings_of, legend, looks_of_runs
from evonas.report.html.gathering import RunData
from evonas.report.network_drawing import network_as_svg
from evonas.report.rule_colours import looks_of
from evonas.rules import rule_layers
from evonas.space import Blueprint, Position, load
from evonas.study.results.candidate import Candidate

SVG = "{http://www.w3.org/2000/svg}"


def rules_of(run: RunData, candidate: Candidate) -> Counter[str]:
    """Number of layers of the built network by rule."""
    network = evonas.load_study(run.state.folder).untrained(candidate)
    return Counter(layer.rule.name for layer in rule_layers(network).values())


def test_rule_shares_by_depth_match_built_layers(run: RunData) -> None:
    found = depths_of(run)
    assert found is not None
    assert found.networks == (len(run.front), len(run.state.candidates))
    for shares in (found.front, found.everyone):
        for depth in range(len(found.depths)):
            assert sum(row[depth] or 0.0 for row in shares) in (0, pytest.approx(1.0, abs=1e-3))
    stems = Counter(
        next(
            iter(rule_layers(evonas.load_study(run.state.folder).untrained(c)).values())
        ).rule.name
        for c in run.state.candidates
    )
    column = found.depths.index("stem")
    for row, rule in zip(found.everyone, found.rules, strict=True):
        assert (row[column] or 0.0) == round(stems[rule] / len(run.state.candidates), 4)


def test_legend_names_each_rule_once(run: RunData) -> None:
    looks = looks_of_runs([run])
    root = ElementTree.fromstring(f"<div>{legend(looks).replace('class=rule', '')}</div>")
    assert [entry.tag for entry in root] == ["span"] * len(looks)
    assert "".join(root.itertext()).split() == list(looks)
    fills = [box.get("fill") for box in root.iter("rect")]
    assert fills == [look.colour for look in looks.values()]


def test_network_drawing_has_a_labelled_box_per_live_layer(run: RunData) -> None:
    looks = looks_of_runs([run])
    drawn = drawings_of(run, looks)
    assert set(drawn) == {candidate.key for candidate in run.chosen}
    for candidate in run.front:
        root = ElementTree.fromstring(drawn[candidate.key].network)
        ElementTree.fromstring(drawn[candidate.key].cells)
        boxes = [e for e in root.iter(f"{SVG}rect") if e.get("fill-opacity")]
        named = [e.text for e in root.iter(f"{SVG}text") if e.get("font-size") == "12"]
        built = rules_of(run, candidate)
        assert len(boxes) == len(named)
        for box, rule in zip(boxes, named, strict=True):
            assert rule is not None
            assert box.get("fill") == looks[rule].colour
        # edges that reach no output are built, too, but not drawn
        assert Counter(named) <= built
        assert {"stem", "classifier"} <= {e.text for e in root.iter(f"{SVG}text")}
        top = min(float(box.get("y", "")) for box in boxes)
        bottom = max(float(box.get("y", "")) + float(box.get("height", "")) for box in boxes)
        arrows = [path.get("d", "") for path in root.iter(f"{SVG}path")]
        assert arrows
        for arrow in arrows:  # at half the height of the tallest column, gaps included
            middle = float(arrow.split(",")[1].split()[0])
            assert middle == pytest.approx((top + bottom + 6) / 2, abs=0.6)  # 6 is the gap


def place(element: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of a rectangle."""
    x, y, width, height = (float(element.get(n, "")) for n in ("x", "y", "width", "height"))
    return x, x + width, y, y + height


@pytest.mark.parametrize("name", ["nas-bench-201", "darts", "mlp"])
def test_network_drawing_has_a_column_around_the_layers_of_each_block(name: str) -> None:
    space = load(name)
    blueprint = space.decode(space.canonical(space.sample(random.Random(2))))
    sites = live_sites(blueprint)
    drawn = network_as_svg(blueprint, sites, looks_of(space.rule_choices), title="<a>")
    root = ElementTree.fromstring(drawn)
    width, height = (float(root.get(each, "")) for each in ("width", "height"))
    assert root.get("viewBox") == f"0 0 {width:.0f} {height:.0f}"
    assert root.get("aria-label") == "<a>"
    rectangles = list(root.iter(f"{SVG}rect"))
    boxes = [place(each) for each in rectangles if each.get("fill-opacity")]
    columns = [each for each in rectangles if not each.get("fill-opacity")]
    labels = [
        (float(each.get("x", "")), float(each.get("y", "")), each.text)
        for each in root.iter(f"{SVG}text")
    ]
    end = 0.0
    for column, position in zip(columns, blueprint.positions, strict=True):
        left, right, top, bottom = place(column)
        assert end < left < right < width
        assert 0 < top < bottom < height
        end = right
        assert bool(column.get("stroke-dasharray")) == position.is_strided
        here = [site for where, site in sites if where == position]
        mine = sorted(box for box in boxes if left < box[0] and box[1] < right)
        assert len(mine) == len(here)
        texts = [(y, text) for x, y, text in labels if x == (left + right) / 2]
        unit = "features" if position.kind == "classifier" else "channels"
        assert texts[1][1] == f"{position.channels} {unit}"
        edges = [top, *(y for y, _ in texts[:2]), *(y for box in mine for y in box[2:]), bottom]
        assert edges == sorted(set(edges))  # nothing overlaps
        for site, box, rule, operation in zip(here, mine, texts[2::2], texts[3::2], strict=False):
            assert (rule[1], operation[1]) == (
                blueprint.rules[site], label(blueprint, position, site),
            )  # fmt: skip
            assert box[2] < rule[0] < operation[0] < box[3]
        assert len(texts) == 2 + (2 * len(here) or 1)
        assert here or texts[2][1] == "no weights"


def label(blueprint: Blueprint, position: Position, site: str) -> str:
    """The operation of an edge; else the part of the block, or the block's kind."""
    for edge in blueprint.cells[position.cell].edges if position.cell is not None else ():
        if site == f"{position.name}.edge{edge.name}":
            return edge.operation.name
    return site.removeprefix(position.name).removeprefix(".") or position.kind


def test_21_rules_have_distinct_looks() -> None:
    looks = looks_of(map(str, range(21)))
    assert len(set(looks.values())) == 21
    assert looks_of(["a", "b", "a"]) == looks_of(["a", "b"])
