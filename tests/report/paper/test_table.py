"""Tables for papers: the run's own numbers, and the escapes that TeX requires."""

import csv
import io
import re
from dataclasses import replace

import pytest

from evonas.report.html.gathering import RunData
from evonas.report.paper.table import FORMATS, escape_latex

SPECIAL = set("\\&%$#_{}~^<>|")


@pytest.mark.parametrize("letter", sorted(SPECIAL))
def test_every_special_tex_character_is_escaped(letter: str) -> None:
    text = escape_latex(f"a{letter}b")
    assert text.startswith("a")
    assert text.endswith("b")
    middle = text[1:-1]
    assert re.fullmatch(r"\\[&%$#_{}]|\\text[a-z]+\{\}", middle)


def test_latex_table_lists_confirmed_values_of_each_network(run: RunData) -> None:
    text = FORMATS["latex"](run)
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == len(run.front)
    for line, candidate in zip(body, run.front, strict=True):
        cells = [cell.strip() for cell in line.strip().removesuffix(r"\\").split("&")]
        assert cells[0] == candidate.key[:8]
        confirmed = run.state.confirmed[candidate.key]
        assert cells[1].startswith(f"{confirmed.means['acc']:.3f} $\\pm$ ")
        assert cells[2].replace(",", "") == f"{candidate.values['params']:.0f}"
        assert cells[4].startswith(f"{confirmed.means['test_acc']:.3f} ")
        assert int(cells[-1]) == confirmed.replicates
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", text)
    assert columns is not None
    assert {line.count("&") + 1 for line in body} == {len(columns[1])}
    assert "fresh trainings" in text


def test_unconfirmed_latex_table_is_marked_not_confirmed(run: RunData) -> None:
    state = replace(run.state, confirmed={})
    text = FORMATS["latex"](replace(run, state=state, name="a_b%"))
    assert "not confirmed" in text
    assert "a_b%" not in text


def test_network_with_failed_confirmations_shows_no_search_value(run: RunData) -> None:
    key = run.front[0].key
    lost = replace(run.state.confirmed[key], means={}, errors={}, collapsed=2)
    other = replace(run.state.confirmed[key], key="other")
    state = replace(run.state, confirmed={key: lost, "other": other})
    row = FORMATS["markdown"](replace(run, state=state)).splitlines()[2]
    assert row.split("|")[2].strip() == "-"


def test_search_value_of_unconfirmed_network_is_marked_beside_confirmed_ones(run: RunData) -> None:
    """A run that was extended after its confirmation has new networks on its front."""
    new, old = run.front[0], run.front[1:]
    some = {key: found for key, found in run.state.confirmed.items() if key != new.key}
    partly = replace(run, state=replace(run.state, confirmed=some))
    rows = [line.split("|") for line in FORMATS["markdown"](partly).splitlines()[2:]]
    assert rows[0][2].strip().startswith(f"{new.values['acc']:.3f}")
    assert [row[2].strip().endswith(" (search)") for row in rows] == [True, *[False] * len(old)]
    assert not any("(search)" in cell for row in rows for cell in row[3:])  # params are exact
    assert "except estimates of the search" in FORMATS["latex"](partly)
    assert "except" not in FORMATS["latex"](run)


def test_confirmations_of_networks_that_left_the_front_confirm_nothing(run: RunData) -> None:
    left = {"other": run.state.confirmed[run.front[0].key]}
    text = FORMATS["latex"](replace(run, state=replace(run.state, confirmed=left)))
    assert "not confirmed" in text
    assert "fresh trainings" not in text


def test_csv_table_matches_front(run: RunData) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](run))))
    assert [row["key"] for row in rows] == [candidate.key for candidate in run.front]
    assert [float(row["acc"]) for row in rows] == [c.values["acc"] for c in run.front]
