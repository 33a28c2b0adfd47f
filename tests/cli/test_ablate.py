"""``evonas ablate`` as a user types it: the oracles are its files and an uninterrupted call."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import evonas
from evonas.study.controls.options import ControlOptions
from tests.journals import count

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--rules", "usf,fa", "--population",
    "2", "--generations", "1", "--epochs", "1", "--images", "60", "--batch", "20", "--channels",
    "4", "--workers", "1", "--confirm", "0", "--quiet",
]  # fmt: skip
FEW = [
    "--replicates", "2", "--random", "1", "--shuffled", "0", "--architectures", "0",
    "--rules", "fa",
]  # fmt: skip
PATIENCE_SECONDS = 120


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


@pytest.fixture
def folder(tmp_path: Path, call: Callable[..., str]) -> Path:
    call(*RUN, "--out", str(tmp_path / "run"))
    return tmp_path / "run"


@pytest.mark.system
def test_killed_ablation_resumes_to_the_same_tables(
    folder: Path, tmp_path: Path, call: Callable[..., str]
) -> None:
    killed, key = tmp_path / "killed", rows(folder / "pareto.csv")[0]["key"]
    call(*RUN, "--out", str(killed))
    call("ablate", str(folder), key[:6], *FEW, "--workers", "1", "--quiet")
    command = ["ablate", str(killed), key, *FEW, "--workers", "2", "--quiet"]
    process = subprocess.Popen([sys.executable, "-m", "evonas", *command], start_new_session=True)
    end = time.monotonic() + PATIENCE_SECONDS
    while count(killed, "found") < 2:
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert count(killed, "found") < count(folder, "found")
    call(*command)
    for name in ("controls.csv", "controls.json"):
        one, two = (f / "controls" / key / name for f in (folder, killed))
        assert one.read_bytes() == two.read_bytes()
    assert rows(folder / "pareto.csv") == rows(killed / "pareto.csv")


def test_printed_table_files_front_and_api_agree(
    folder: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    before, key = rows(folder / "pareto.csv"), rows(folder / "pareto.csv")[0]["key"]
    assert "acc_minus_bp" not in before[0]
    printed = call("ablate", str(folder), key, *FEW, "--workers", "1")
    home = folder / "controls" / key
    table = rows(home / "controls.csv")
    assert {row["control"] for row in table} >= {"network", "all bp", "all fa", "random rules"}
    assert (home / "controls.png").read_bytes()[:4] == b"\x89PNG"
    for row in table:
        if row["measure"] == "test_acc" and not row["group"]:
            assert f"{float(row['mean']):.3f}" in printed
    assert "acc on the test part" in printed
    twin = next(r for r in table if (r["control"], r["measure"]) == ("all bp", "acc"))
    front = next(r for r in rows(folder / "pareto.csv") if r["key"] == key)
    assert front["acc_minus_bp"] == twin["difference"]
    assert front["acc_minus_bp_se"] == twin["difference_se"]
    assert {"test_acc_minus_bp", "test_acc_minus_bp_se"} <= set(front)
    shown = call("front", str(folder))
    assert f"{float(twin['difference']):+.3f}" in shown
    study = evonas.load_study(folder)
    assert study.front.loc[key, "acc_minus_bp"] == float(twin["difference"])
    again = study.ablate(
        key, replicates=2, random=1, shuffled=0, architectures=0, rules=["fa"], workers=1,
        progress=False,
    )  # fmt: skip
    assert len(again.table) == len(table)
    for line in again.verdict:
        assert line in printed
    call("resume", str(folder), "--workers", "1", "--quiet")  # a resume keeps the columns
    assert "acc_minus_bp" in rows(folder / "pareto.csv")[0]


def test_run_with_controls_matches_ablate_command(
    folder: Path, tmp_path: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = partial(
        ControlOptions, replicates=2, random=1, shuffled=0, architectures=0, rules=("fa",)
    )
    monkeypatch.setattr("evonas.api.ablating.ControlOptions", few)
    other = tmp_path / "other"
    call(*RUN, "--controls", "--out", str(other))
    keys = [row["key"] for row in rows(folder / "pareto.csv")]
    for key in keys:
        evonas.ablate(
            folder,
            key,
            replicates=2,
            random=1,
            shuffled=0,
            architectures=0,
            rules=["fa"],
            workers=1,
            progress=False,
        )
        one, two = (f / "controls" / key / "controls.csv" for f in (folder, other))
        assert one.read_bytes() == two.read_bytes()
    assert "controls: true" in (other / "config.yaml").read_text()
    assert "controls: false" in (folder / "config.yaml").read_text()
    # a configuration from before this setting existed is still accepted
    text = (folder / "config.yaml").read_text().replace("  controls: false\n", "")
    (tmp_path / "config.yaml").write_text(text)
    assert "controls: false" in call(
        "run", "--config", str(tmp_path / "config.yaml"), "--print-config"
    )


def test_invalid_arguments_are_rejected_and_write_nothing(
    folder: Path, call: Callable[..., str]
) -> None:
    key = rows(folder / "pareto.csv")[0]["key"]
    assert "no candidate has the key 'zz'" in call("ablate", str(folder), "zz", code=2)
    assert "'bq'" in call("ablate", str(folder), key, "--rules", "bq", code=2)
    message = call("ablate", str(folder), key, "--networks", "resnet21", code=2)
    assert "resnet20" in message
    message = call("ablate", str(folder), key, "--replicates", "0", code=2)
    assert "replicates: expected a whole number of at least 1, got 0" in message
    assert not (folder / "controls").exists()
