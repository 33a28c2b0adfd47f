"""``evonas report``, ``plot`` and ``table``: the oracles are the API and files of the run."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evonas
from evonas.api.reporting.page import report_live
from evonas.errors import ConfigError
from evonas.study.folder import opened_run

SETTINGS: dict[str, Any] = {
    "population": 2, "generations": 1, "epochs": 1, "images": 60, "batch": 20, "channels": 4,
    "workers": 1, "progress": False, "replicates": "1", "confirm": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "run"
    return evonas.search("tiny", objectives=["acc", "params"], out=out, **SETTINGS).folder


def test_report_command_matches_report_function(
    folder: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    printed = call("report", str(folder))
    assert str(folder / "report.html") in printed.replace("\n", "")
    path = evonas.report(folder, out=tmp_path / "other.html")
    assert path.read_bytes() == (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected the folder of a run, got none"),
        (("RUN", "RUN"), "is given twice"),
        (("RUN", "OTHER"), "--out comparison.html"),
        (("EMPTY",), "expected the folder of a run, found no config.yaml"),
        (("RUN", "--out", "EMPTY"), "expected a file"),
        (("RUN", "--live", "--every", "0"), "expected at least 2, got 0"),
    ],
)
def test_impossible_report_is_one_message(
    folder: Path, tmp_path: Path, call: Callable[..., str], arguments: tuple[str, ...], said: str
) -> None:
    places = {"RUN": str(folder), "OTHER": str(tmp_path / "other"), "EMPTY": str(tmp_path)}
    told = call("report", *(places.get(each, each) for each in arguments), code=2)
    assert said in told
    assert len(told.strip().splitlines()) == 1
    assert not (folder / "report.html").exists()


def test_live_report_is_rewritten_until_run_ends(folder: Path, tmp_path: Path) -> None:
    path, written, waited = tmp_path / "live.html", list[int](), list[float]()
    texts = []
    lock = opened_run(folder)
    lock.__enter__()

    def wait(seconds: float) -> None:
        waited.append(seconds)
        texts.append(path.read_text(encoding="utf-8"))
        if len(waited) == 2:
            lock.__exit__(None, None, None)

    report_live([folder], path, every_seconds=2.0, on_written=written.append, sleep=wait)
    assert waited == [2.0, 2.0]
    assert written == [2, 2, 2]
    assert all('"reload":2.0' in text for text in texts)
    assert '"reload":null' in path.read_text(encoding="utf-8")
    with pytest.raises(ConfigError):
        report_live([folder], path, every_seconds=float("nan"), on_written=written.append)


def test_plot_command_writes_to_run_folder_or_out(
    folder: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    call("plot", str(folder))
    assert (folder / "front.pdf").read_bytes().startswith(b"%PDF")
    call("plot", str(folder), "--figure", "rules", "--out", str(tmp_path / "deep" / "a.svg"))
    assert "<svg" in (tmp_path / "deep" / "a.svg").read_text()
    told = call("plot", str(folder), "--figure", "controls", code=2)
    assert f"evonas ablate {folder}" in told


def test_table_command_prints_or_writes_table(
    folder: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    printed = call("table", str(folder), "--format", "csv")
    keys = [row["key"] for row in csv.DictReader(io.StringIO(printed))]
    assert keys == evonas.load_study(folder).front.index.tolist()
    assert call("table", str(folder)) == evonas.table(folder)
    assert call("table", str(folder), "--out", str(tmp_path / "t.tex")) == ""
    assert (tmp_path / "t.tex").read_text(encoding="utf-8") == evonas.table(folder)
    assert "latex" in call("table", str(folder), "--format", "latx", code=2)
