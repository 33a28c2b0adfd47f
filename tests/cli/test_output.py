"""Commands whose output cannot be written, and other encodings: real processes and pipes."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import yaml

from evonas.cli import main

pytestmark = pytest.mark.system

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--algorithm", "random",
    "--population", "2", "--generations", "2", "--epochs", "1", "--images", "60",
    "--channels", "4", "--workers", "1", "--replicates", "1", "--confirm", "0",
]  # fmt: skip
SPACES = Path(__file__).parents[2] / "search_spaces"
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
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    assert finished(tmp_path / "run")


IN_UTF_8_ONLY = """
import warnings
warnings.filterwarnings("error", category=EncodingWarning, module=r"evonas\\b")
from evonas.cli import main
main()
"""


def test_files_are_utf_8_in_every_locale(tmp_path: Path) -> None:
    """The locale is ASCII, and a file that is opened without an encoding ends the command."""
    space = yaml.safe_load((SPACES / "tiny.yaml").read_text(encoding="utf-8"))
    file, run = tmp_path / "café.yaml", tmp_path / "Prüfung"
    space["description"] = "Größe drei"
    file.write_text(yaml.safe_dump(space, allow_unicode=True), encoding="utf-8")
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    search = ["run", "--space", str(file), *RUN[3:], "--out", str(run)]
    for arguments in (search, ["report", str(run)], ["verify", str(run)]):
        ended = subprocess.run(
            [sys.executable, "-X", "warn_default_encoding", "-c", IN_UTF_8_ONLY, *arguments],
            env=os.environ | ascii_locale, check=False, capture_output=True, encoding="utf-8",
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
    assert finished(run)
    assert "Größe drei" in (run / "space.yaml").read_text(encoding="utf-8")


def test_folder_whose_name_is_not_utf_8_is_a_folder_like_others(tmp_path: Path) -> None:
    """Its model is read, and its name is shown in the report and in tables."""
    run = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xffd"))
    main_ended([*RUN, "--out", str(run), "--quiet"])
    key, exported = pd.read_csv(run / "pareto.csv")["key"][0], tmp_path / "m.safetensors"
    for arguments in (
        ["report", str(run)],
        ["compare", str(run), "--out", str(tmp_path / "compared")],
        ["attack", str(run), key, "--images", "10", "--out", str(tmp_path)],
        ["export", str(run), key, "--format", "safetensors", "--out", str(exported)],
    ):
        main_ended(arguments)
    assert b"b\xffd" in (run / "report.html").read_bytes()
    assert "b\\xffd" in (tmp_path / "compared" / "runs.csv").read_text(encoding="utf-8")


def main_ended(arguments: Sequence[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    assert left.value.code == 0
