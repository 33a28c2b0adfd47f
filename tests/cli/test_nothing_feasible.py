"""A run in which nothing is feasible, and one whose space is exhausted: both end and say why."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import evonas
from evonas.report.html.course import courses
from evonas.report.html.gathering import gather
from evonas.study.plans import base
from evonas.study.results.reading import read_run

SPACE = """
name: three
description: Three networks.
size: {channels: 4, cells: 1}
stem: {kernel: 3, channels: 1}
cells:
  block:
    inputs: 1
    nodes: 1
    graph: {choose: 1}
    join: sum
    operations:
      skip: {kind: identity}
      conv: {kind: convolution, kernel: 3}
      pool: {kind: pool, mode: max, kernel: 3}
stages:
  - {cell: block, channels: 1}
head: {norm: true}
rules: {choices: [fa], granularity: network}
"""
SIZE = [
    "--objectives", "acc,params", "--epochs", "1", "--images", "60", "--workers", "1",
    "--replicates", "1", "--confirm", "0", "--algorithm", "random",
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, call: Callable[..., str]) -> Callable[..., str]:
    """Start a run in the space of three networks, in the folder ``run``; return its output."""

    def called(*options: str) -> str:
        space = tmp_path / "three.yaml"
        space.write_text(SPACE)
        out = str(tmp_path / "run")
        return call("run", "--space", str(space), *SIZE, *options, "--out", out)

    return called


def test_exhausted_space_is_reported_as_reason(run: Callable[..., str]) -> None:
    printed = run("--population", "4", "--generations", "2")
    assert (
        "3 of 8 trainings done: the search finds no untried network in this space any more\n"
    ) in printed
    assert "no candidate is within" not in printed


def test_complete_run_reports_no_reason_for_ending(run: Callable[..., str]) -> None:
    assert "trainings done" not in run("--population", "3", "--generations", "1")


def test_closest_candidate_is_shown_if_none_is_feasible(
    run: Callable[..., str], call: Callable[..., str], tmp_path: Path
) -> None:
    printed = run("--population", "3", "--generations", "1", "--constraint", "acc>=99.99%")
    candidates = read_run(tmp_path / "run").candidates
    nearest = max(candidates, key=lambda candidate: candidate.values["acc"])
    assert f"the closest is {nearest.key}: outside acc>=99.99% (" in printed
    assert "hypervolume" not in printed
    shown = call("front", str(tmp_path / "run"))
    assert shown.startswith(
        f"no candidate is within the constraints; the closest is {nearest.key}"
    )
    assert "0 of 3 candidates" in shown


def test_run_ends_if_all_candidates_fail_free_constraints(
    run: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_REFUSALS", 2)
    printed = run("--population", "2", "--generations", "2", "--constraint", "params<=10")
    assert (
        "0 of 4 trainings done: the last 2 candidates that the search asked for violate a "
        "constraint that is checked without training"
    ) in printed
    nearest = min(read_run(tmp_path / "run").candidates, key=lambda one: one.values["params"])
    assert f"the closest is {nearest.key}: outside params<=10 (" in printed


def test_refused_candidates_are_not_counted_as_trainings(
    run: Callable[..., str], call: Callable[..., str], tmp_path: Path
) -> None:
    """Of the three networks the convolution is too large, and only the others are trained."""
    printed = run("--population", "3", "--generations", "1", "--constraint", "params<=500")
    folder = str(tmp_path / "run")
    assert len(read_run(tmp_path / "run").evaluations) == 3
    assert "3 candidates in 2 trainings, 0 failed, 1 outside the constraints" in printed
    assert "of 3 candidates, trained 2 times" in call("front", folder)
    assert json.loads(call("front", folder, "--json"))["trainings"] == 2
    assert "(seed 0, 2 trainings)" in call("table", folder)
    assert repr(evonas.load_study(folder)).endswith("2 trainings)")
    call("report", folder)
    page = (tmp_path / "run" / "report.html").read_text()
    assert "has stopped after 2 of 3 trainings of 1 epoch each, of 3 different networks" in page
    (course,) = courses([gather(tmp_path / "run", name="run")])
    assert course is not None
    assert course.trainings[-1] == 2


def test_impossible_constraint_is_rejected_with_suggestion(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    out = str(tmp_path / "run")
    told = call("run", "--space", "tiny", "--constraint", "acc>=90", "--out", out, code=2)
    assert "did you mean 0.9, or 90%?" in told
    assert not (tmp_path / "run").exists()
