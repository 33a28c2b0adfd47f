"""A run killed in a replicate and in a confirmation ends with the tables of an intact run."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.journals import count

pytestmark = pytest.mark.system

RUN = [
    "run", "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "fa,usf,kp",
    "--population", "6", "--generations", "3", "--epochs", "1", "--images", "200", "--batch", "25",
    "--channels", "4", "--cells", "1", "--confirm", "2", "--quiet",
]  # fmt: skip
TABLES = ("pareto.csv", "candidates.csv")
PATIENCE_SECONDS = 120


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def evonas(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "evonas", *arguments]


def kill_when(folder: Path, kind: str, command: list[str]) -> None:
    """Kill the command and its workers as soon as an entry of this kind is in the journal."""
    process = subprocess.Popen(command, start_new_session=True)
    end = time.monotonic() + PATIENCE_SECONDS
    while not count(folder, kind):
        assert process.poll() is None, f"it ended before anything was {kind}"
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_runs_killed_in_replicate_or_confirmation_resume_to_equal_tables(
    tmp_path: Path,
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(evonas(*RUN, "--workers", "1", "--out", str(whole)), check=True)
    assert count(whole, "repeated") > 0
    assert count(whole, "confirmed") >= 2
    resume = evonas("resume", str(killed), "--workers", "1", "--quiet")
    kill_when(killed, "repeated", evonas(*RUN, "--workers", "2", "--out", str(killed)))
    kill_when(killed, "confirmed", resume)
    assert count(killed, "confirmed") < count(whole, "confirmed")
    subprocess.run(resume, check=True)
    for name in TABLES:
        assert rows(killed, name) == rows(whole, name)
    models = [{p.name: p.read_bytes() for p in (f / "models").iterdir()} for f in (whole, killed)]
    assert models[0] == models[1]
