"""The commands as a user types them: what they print and what they leave behind."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from matplotlib.image import imread

from evonas.cli import main
from evonas.evaluation.objectives import OBJECTIVES
from evonas.rules import RULES
from evonas.rules.base import DESCRIPTIONS
from evonas.space import shipped

RUN = [
    "run", "--space", "nas-bench-201", "--objectives", "acc,robust", "--rules", "usf,dfa",
    "--population", "4", "--generations", "2", "--epochs", "1", "--images", "100", "--batch", "25",
    "--channels", "4", "--cells", "1", "--replicates", "1", "--confirm", "0",
    "--attacked-images", "20",
]  # fmt: skip
# without an attack, and so without an audit of the front
PLAIN_RUN = [*RUN[:4], "acc,params", *RUN[5:-2]]


def call(*arguments: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    assert left.value.code == 0


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.system
def test_run_writes_tables_weights_and_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    call(*RUN, "--workers", "1", "--out", str(out))
    printed = capsys.readouterr().out
    assert "generation 2: 8/8" in printed
    assert len(re.findall(r"^generation \d: ", printed, re.MULTILINE)) == 2
    ((first, last),) = re.findall(
        r"hypervolume (\S+) after the first generation, (\S+) at", printed
    )
    assert float(first) < float(last)
    front, everything = rows(out / "pareto.csv"), rows(out / "candidates.csv")
    assert len(everything) == 8
    assert {row["key"] for row in front} <= {row["key"] for row in everything}
    assert {path.stem for path in (out / "models").iterdir()} == {row["key"] for row in front}
    assert (out / "config.yaml").exists()

    call("front", str(out))
    printed = capsys.readouterr().out
    assert all(row["key"] in printed for row in front)
    assert imread(out / "front.png").shape[2] == 4


def test_quiet_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    call(*PLAIN_RUN, "--quiet", "--workers", "1", "--out", str(tmp_path / "run"))
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""


def test_runs_without_out_folder_are_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        call(*PLAIN_RUN, "--evaluations", "2", "--population", "2", "--workers", "1", "--quiet")
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["nas-bench-201-digits-1", "nas-bench-201-digits-2"]


@pytest.mark.system
def test_ctrl_c_leaves_a_valid_run_that_resume_finishes(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    call(*PLAIN_RUN, "--quiet", "--workers", "1", "--out", str(whole))
    command = [sys.executable, "-m", "evonas", *PLAIN_RUN, "--workers", "2", "--out", str(broken)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list(broken.glob("models/*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)  # the terminal sends it to the workers too
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert f"continue with: evonas resume {broken}" in out
    assert "Traceback" not in err
    assert (broken / "candidates.csv").exists()

    call("resume", str(broken), "--workers", "1", "--quiet")
    for table in ("pareto.csv", "candidates.csv"):
        one, two = rows(whole / table), rows(broken / table)
        assert [row | {"seconds": ""} for row in one] == [row | {"seconds": ""} for row in two]


@pytest.mark.system
def test_resume_with_larger_size_ends_as_a_run_of_that_size(tmp_path: Path) -> None:
    large, grown = tmp_path / "large", tmp_path / "grown"
    call(*PLAIN_RUN, "--quiet", "--workers", "1", "--out", str(large))
    small = [*PLAIN_RUN, "--evaluations", "4"]
    call(*small, "--quiet", "--workers", "1", "--out", str(grown))
    assert len(rows(grown / "candidates.csv")) == 4
    call("resume", str(grown), "--evaluations", "8", "--workers", "1", "--quiet")
    one, two = (rows(folder / "candidates.csv") for folder in (large, grown))
    assert len(two) == 8
    assert [row | {"seconds": ""} for row in one] == [row | {"seconds": ""} for row in two]


def test_list_commands_name_every_entry(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for command, names in (
        (["rules"], list(RULES)),
        (["rules", "list"], list(RULES)),
        (["objectives"], list(OBJECTIVES)),
        (["spaces"], list(shipped())),
        (["spaces", "list"], list(shipped())),
    ):
        call(*command)
        first = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.split()}
        assert set(names) <= first


def test_rule_alias_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    call("rules")
    assert "hippo is another name of btsp" in capsys.readouterr().out
    call("rules", "show", "hippo")
    one = capsys.readouterr().out
    call("rules", "show", "btsp")
    assert one == capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(RULES))
def test_rules_show_prints_every_description(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    call("rules", "show", name)
    printed = capsys.readouterr().out
    for each in DESCRIPTIONS:
        assert getattr(RULES[name], each) in printed
    assert ("weight decay above 0" in printed) == RULES[name].needs_weight_decay
    assert ("the error of the logits" in printed) == RULES[name].needs_error


@pytest.mark.parametrize("name", shipped())
def test_spaces_show_prints_a_parsable_genome(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from evonas.space import load

    call("spaces", "show", name)
    printed = capsys.readouterr().out
    text = printed.split("a genome: ")[1].replace("\n", " ").strip()
    space = load(name)
    assert space.parse(text) == space.canonical(space.parse(text))


def test_making_the_app_does_not_import_torch() -> None:
    script = "import sys, evonas.cli.app as app; app.make_app(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
