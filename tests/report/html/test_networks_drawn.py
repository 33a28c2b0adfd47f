"""Rules by depth, and drawings: the oracle is the network that is built."""

from collections import Counter
from xml.etree import ElementTree

import pytest

import evonas
from evonas.report.html.depths import depths_of
from evonas.report.html.drawings import drawings_of, looks_of_runs
from evonas.report.html.gathering import RunData
from evonas.report.rule_colours import looks_of
from evonas.rules import rule_layers
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
        for c in run.front
    )
    column = found.depths.index("stem")
    for row, rule in zip(found.front, found.rules, strict=True):
        assert (row[column] or 0.0) == pytest.approx(stems[rule] / len(run.front), abs=1e-3)


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


def test_21_rules_have_distinct_looks() -> None:
    looks = looks_of(map(str, range(21)))
    assert len(set(looks.values())) == 21
    assert looks_of(["a", "b", "a"]) == looks_of(["a", "b"])
