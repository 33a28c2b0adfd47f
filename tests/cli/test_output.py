"""Commands whose output cannot be written: real processes, pipes and encodings."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from evonas.cli import main

pytestmark = pytest.mark.system

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--algorithm", "random",
    "--population", "2", "--generations", "2", "--epochs", "1", "--images", "60",
    "--channels", "4", "--workers", "1", "--replicates", "1", "--confirm", "0",
]  # fmt: skip
READER_GONE = 141  # 128 plus the number of SIGPIPE, as in a shell


def finished(folder: Path) -> bool:
    return len((folder / "candidates.csv").read_text().splitlines()) == 1 + 4


def left_by_its_reader(arguments: Sequence[str]) -> tuple[int, str]:
    """Exit code and errors of a command whose output pipe is closed from the start."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "evonas", *arguments]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, text=True)
    os.close(write)
    return ended.returncode, ended.stderr


def test_search_finishes_after_its_pipe_closes(tmp_path: Path) -> None:
    """A search is complete, so its exit code is 0; a display command has nothing left to do."""
    run = tmp_path / "run"
    assert left_by_its_reader([*RUN, "--out", str(run)]) == (0, "")
    assert finished(run)
    assert left_by_its_reader(["front", str(run)]) == (READER_GONE, "")
    assert left_by_its_reader(["resume", str(run)]) == (0, "")


@pytest.mark.parametrize("arguments", [["--help"], ["objectives"], ["run", "--space", "tiny",
                         "--print-config"]])  # fmt: skip
def test_display_commands_end_quietly_when_their_pipe_closes(arguments: list[str]) -> None:
    assert left_by_its_reader(arguments) == (READER_GONE, "")


def test_search_with_closed_stdout_finishes(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = " ".join([sys.executable, "-m", "evonas", *RUN, "--out", str(run)])
    ended = subprocess.run(["sh", "-c", f"exec {command} >&-"], check=False, stderr=-1, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert finished(run)


def test_search_with_ascii_stdout_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    with pytest.raises(SystemExit) as left:
        main([*RUN, "--out", str(tmp_path / "run")])
    assert left.value.code == 0
    assert finished(tmp_path / "run")
    assert b"generation 2: 4/4 - front" in written.getvalue()


def test_search_with_full_stdout_device_finishes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evonas", *RUN, "--out", str(tmp_path / "run")]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    assert finished(tmp_path / "run")
