"""Whatever the user gets wrong: one clear message, exit code 2, no traceback, nothing written."""

from pathlib import Path

import pytest

from evonas.cli import main

TINY = ["--epochs", "1", "--images", "60", "--batch", "20", "--channels", "4", "--cells", "1"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVONAS_DATA", raising=False)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    printed = capsys.readouterr()
    assert left.value.code == 2
    assert "Traceback" not in printed.err
    assert printed.out == ""
    return printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--space", "nas-bench-202"], "unknown search space 'nas-bench-202'; did you mean"),
        (["--space", "nowhere.yaml"], "nowhere.yaml: cannot be read: No such file or directory"),
        (["--rules", "hebian"], "unknown rule 'hebian'"),
        (["--rules", ""], "rules: expected at least one name, got none"),
        (["--rules", " , "], "rules: expected at least one name, got none"),
        (["--objectives", "acc,robst"], "unknown objective 'robst'; did you mean 'robust'?"),
        (["--objectives", ""], "objectives: expected at least one name, got none"),
        (["--dataset", "digit"], "unknown data set 'digit'; did you mean 'digits'?"),
        (["--dataset", "cifar10"], "cifar10"),
        (["--algorithm", "nsg2"], "unknown algorithm 'nsg2'; did you mean 'nsga2'?"),
        (
            ["--algorithm", "local"],
            "algorithm 'local': expected 1 objective, got 2; with 2, choose",
        ),
        (
            ["--algorithm", "moead", "--objectives", "acc"],
            "'moead': expected at least 2 objectives, got 1; with 1, choose among evonas",
        ),
        (["--mutation", "egg"], "expected one of plain, eg, got 'egg'; did you mean 'eg'?"),
        (["--mutation", "eg", "--eg-without", "cmaa"], "part of the EG operator 'cmaa'; did you"),
        (["--mutation", "eg", "--algorithm", "random"], "'random' is the control"),
        (["--mutation", "eg", "--algorithm", "bionas-eg"], "both search in a supernet"),
        (["--eg-without", "cma"], "eg-without: switches off parts of --mutation eg"),
        (["--supernet-epochs", "3"], "supernet-epochs: this run trains no supernet"),
        (["--mutation", "eg", "--supernet-epochs", "0"], "supernet_epochs: expected a whole"),
        (["--mutation", "eg", "--supernet-images", "3"], "supernet-images: expected at least one"),
        (["--population", "-3"], "population: expected a whole number of at least 2, got -3"),
        (["--population", "1"], "population: expected a whole number of at least 2, got 1"),
        (["--generations", "0"], "generations: expected a whole number of at least 1, got 0"),
        (["--evaluations", "-1"], "evaluations: expected a whole number of at least 1, got -1"),
        (["--epochs", "-5"], "epochs: expected a whole number of at least 1, got -5"),
        (["--images", "-5"], "images: expected a whole number of at least 1, got -5"),
        (["--images", "99999"], "asked for 99,999, but there are 1,078"),
        (["--channels", "0"], "channels: expected a whole number of at least 1, got 0"),
        (["--cells", "-1"], "cells: expected a whole number of at least 1, got -1"),
        (["--workers", "0"], "workers: expected a whole number of at least 1, local:<number> or"),
        (["--seed", "-1"], "seed: expected a whole number of at least 0, got -1"),
        (["--replicates", "0"], "expected 'auto' or a whole number of at least 1, got '0'"),
        (["--replicates", "many"], "expected 'auto' or a whole number of at least 1, got 'many'"),
        (["--split-seed", "-1"], "split_seed: expected a whole number of at least 0, got -1"),
        (["--batch", "5000"], "batch: expected at most the"),
        (["--epsilon", "eight"], "eight"),
        (["--epsilon=-1/255"], "got '-1/255'"),
        (["--epsilon", "-1/255"], "parameter --epsilon requires an argument"),
        (["--device", "tpu"], "unknown device 'tpu'"),
        (["--device", "meta"], "unknown device 'meta': expected auto, cpu, cuda"),
        (["--precision", "fp16"], "precision: expected one of fp32, tf32, bf16, auto, got 'fp16'"),
        (["--device", "cpu", "--precision", "tf32"], "'tf32' is an arithmetic of CUDA devices"),
        (["--device", "cuda:99"], "unknown device 'cuda:99' on this machine"),
        (["--batch", "1"], "batch: expected a whole number of at least 2, got 1"),
        (["--epochs", "many"], "Invalid value for --epochs: unable to convert"),
        (["--populaton", "3"], "--populaton"),
        (["--learning-rate", "0"], "learning_rate: expected a number above 0, got 0"),
        (["--learning-rate", "nan"], "learning_rate: expected a number, got nan"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read: No such file"),
    ],
)
def test_wrong_option_of_run_is_one_message(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    space = [] if "--space" in arguments else ["--space", "nas-bench-201"]
    assert message in fails(capsys, "run", *space, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_missing_data_message_names_folder_and_download(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    message = fails(
        capsys, "run", "--space", "tiny", "--dataset", "cifar10", "--data-dir", str(tmp_path / "d")
    )
    assert str(tmp_path / "d") in message
    assert "--download" in message
    assert list(tmp_path.iterdir()) == []


def test_space_problems_are_reported_with_path_and_suggestion(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        """
name: mine
size: {channels: 0, cells: 1}
cells:
  cell:
    nodes: 2
    operatons:
      conv: {kind: convolution, kernel: 3}
stages: [{cell: cell, channels: 1}]
rules: {choices: [fa], granularity: layers}
"""
    )
    message = fails(capsys, "spaces", "check", str(file))
    assert "$.size.channels: must be at least 1, got 0" in message
    assert "$.cells.cell" in message
    assert "'operatons'; did you mean 'operations'?" in message
    assert "'layers'; did you mean 'layer'?" in message


def test_unknown_rule_in_space_file_is_rejected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from evonas.space import source_text

    file = tmp_path / "tiny.yaml"
    choices = "choices: ["
    assert choices in source_text("tiny")
    file.write_text(source_text("tiny").replace(choices, "choices: [hebian, "))
    assert "'hebian'" in fails(capsys, "spaces", "check", str(file))
    assert "unknown rule 'hebian'" in fails(capsys, "run", "--space", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


def test_showing_unknown_rule_suggests_known_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown rule 'uff'; did you mean 'usf'?" in fails(capsys, "rules", "show", "uff")


def test_existing_run_folder_is_left_unchanged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = str(tmp_path / "run")
    command = ["run", "--space", "tiny", "--objectives", "acc", "--population", "2", *TINY]
    with pytest.raises(SystemExit) as left:
        main([*command, "--generations", "1", "--workers", "1", "--quiet", "--out", out])
    assert left.value.code == 0
    capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    assert "evonas resume" in fails(capsys, *command, "--generations", "1", "--out", out)
    other = fails(capsys, *command, "--generations", "2", "--out", out)
    assert "another configuration (generations: 1 and 2" in other
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")} == before


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("x" * 300, "File name too long"),
        ("a/" + "x" * 300, "File name too long"),
        ("a/" + "x" * 300 + "/run", "File name too long"),
        ("a/b/../" + "x" * 300, "File name too long"),
        ("file/run", "Not a directory"),
    ],
)
def test_uncreatable_folder_leaves_no_parent_folders(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, out: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    message = fails(capsys, "run", "--space", "tiny", "--objectives", "acc", *TINY, "--out", out)
    assert f"{out}: cannot be created: {reason}" in message
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_run_without_disk_space_leaves_no_parent_folders(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ["run", "--space", "tiny", "--objectives", "acc", *TINY, "--out", "a/b/run"]
    with pytest.raises(SystemExit) as left:
        main([*command, "--evaluations", str(10**15)])
    assert left.value.code == 75
    assert "a/b/run: at least" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["resume", "front"])
def test_folder_without_run_is_rejected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    assert "expected the folder of a run" in fails(capsys, command, str(tmp_path / "nothing"))
    assert list(tmp_path.iterdir()) == []
