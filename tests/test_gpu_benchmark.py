"""The benchmark of the evaluator runs to its end, and counts correctly."""

import json
import sys
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.system

ROOT = Path(__file__).parent.parent
WAYS = (
    "evonas tf32", "evonas bf16", "evonas tf32-plain", "evonas eager", "plain eager",
    "biotorch eager",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripts are run as modules of the checkout, which is not installed."""
    monkeypatch.syspath_prepend(str(ROOT))


def test_smoke_run_finishes_and_leaves_results_file_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.gpu_evaluator import main

    results = ROOT / "benchmarks" / "RESULTS.md"
    before = results.read_bytes()
    monkeypatch.setattr(sys, "argv", ["gpu_evaluator", "--smoke", "--out", str(tmp_path)])
    main()
    assert results.read_bytes() == before
    document = json.loads((tmp_path / "gpu_evaluator.json").read_text())
    printed = capsys.readouterr().out
    sections = ["candidates an hour", "several at once", "rules", "nets", "batches"]
    for name in [*sections, "torch.compile"]:
        rows = document[name]
        assert f"### {name}" in printed
        assert any("net" in row for row in rows), rows
        assert not [row for row in rows if "failed" in row], rows


def test_every_way_of_stepping_is_measured() -> None:
    from benchmarks.gpu_evaluator import measure, set_up
    from benchmarks.support.gpu_cases import Case

    bench = set_up(is_smoke=True)
    rows = [measure(bench, Case("random0", "usf", 8), way) for way in WAYS]
    assert all(row["step_ms_low"] <= row["step_ms"] <= row["step_ms_high"] for row in rows)
    assert [row["fallback"] for row in rows[:3]] == ["cpu has no graphs"] * 3
    with_kernels, plain, naive = (rows[i]["operations"] for i in (3, 2, 5))
    assert with_kernels < plain < naive


def test_failure_is_recorded_and_skipped_cases_are_counted() -> None:
    from benchmarks.gpu_evaluator import in_time

    def failing() -> dict[str, object]:
        raise ValueError("out of luck")

    assert list(in_time([failing, dict], seconds=60)) == [
        {"case": "", "failed": "ValueError: out of luck"},
        {},
    ]
    assert list(in_time([dict, dict], seconds=-1)) == [{"left out for lack of time": 2}]


def test_traffic_counts_copies_but_not_views() -> None:
    from benchmarks.support.gpu_measures import traffic

    a, b = torch.zeros(100), torch.zeros(100)
    found = [
        traffic(lambda: a.copy_(b)),  # type: ignore[arg-type]
        traffic(lambda: a.view(10, 10).t()),  # type: ignore[arg-type]
        traffic(lambda: torch.add(a, b)),  # type: ignore[arg-type]
    ]
    assert [(one.operations, one.bytes) for one in found] == [(1, 800), (0, 0), (1, 1200)]


def test_section_is_written_only_between_its_markers(tmp_path: Path) -> None:
    from benchmarks.support.sections import write_section

    path = tmp_path / "R.md"
    path.write_text("# Results\n\nbefore\n")
    for name, text in (("a", "one"), ("b", "two"), ("a", "three")):
        write_section(name, text, path=path)
    written = path.read_text()
    assert written.startswith("# Results\n\nbefore\n")
    assert "one" not in written
    assert written.index("three") < written.index("two")
    assert written.count("<!--") == 4
