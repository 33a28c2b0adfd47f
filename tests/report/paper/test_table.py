"""Tables for papers: the run's own numbers, and escapes that TeX's rules ask for."""

import csv
import io
import re
from dataclasses import replace

import pytest

from evonas.report.html.gathering import RunData
from evonas.report.paper.table import FORMATS, escape_latex

SPECIAL = set("\\&%$#_{}~^<>|")


@pytest.mark.parametrize("letter", sorted(SPECIAL))
def test_no_letter_that_tex_reads_as_a_command_is_left(letter: str) -> None:
    text = escape_latex(f"a{letter}b")
    assert text.startswith("a")
    assert text.endswith("b")
    middle = text[1:-1]
    assert re.fullmatch(r"\\[&%$#_{}]|\\text[a-z]+\{\}", middle)


def test_a_latex_table_has_a_line_for_each_network_with_confirmed_values(run: RunData) -> None:
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


def test_an_unconfirmed_table_says_so(run: RunData) -> None:
    state = replace(run.state, confirmed={})
    text = FORMATS["latex"](replace(run, state=state, name="a_b%"))
    assert "not confirmed" in text
    assert "a_b%" not in text


def test_a_network_whose_confirmations_were_lost_has_no_value_of_the_search(run: RunData) -> None:
    key = run.front[0].key
    lost = replace(run.state.confirmed[key], means={}, errors={}, collapsed=2)
    other = replace(run.state.confirmed[key], key="other")
    state = replace(run.state, confirmed={key: lost, "other": other})
    row = FORMATS["markdown"](replace(run, state=state)).splitlines()[2]
    assert row.split("|")[2].strip() == "-"


def test_the_csv_is_the_front_of_the_run(run: RunData) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](run))))
    assert [row["key"] for row in rows] == [candidate.key for candidate in run.front]
    assert [float(row["acc"]) for row in rows] == [c.values["acc"] for c in run.front]
