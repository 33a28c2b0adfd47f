"""A paper's table next to ours: our rows come from trainings only, each with its budget."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import evonas
from evonas.errors import DataError, StorageError, UnknownNameError
from evonas.evaluation.architectures.named import NamedArchitecture
from evonas.evaluation.final.final_training import EpochRecord
from evonas.evaluation.final.recipe import load_recipe
from evonas.report.reproduction.published import PAPERS, read_paper
from evonas.study.final.job import FinalJob
from evonas.study.final.result import FinalResult

EPOCH = EpochRecord(epoch=1, learning_rate=0.1, loss=1.0, validation=0.5, seconds=1800.0)
RESULT = FinalResult(
    seed=0, test=0.9, test_images=10_000, validation=0.91, best_epoch=1, parameters=1_970_000,
    bio=1.0, model_sha256="", epochs=(EPOCH,),
)  # fmt: skip


def written(folder: Path, dataset: str, *tests: float | None) -> Path:
    """The files of a training with these test accuracies."""
    recipe = replace(load_recipe("fast-cifar10"), epochs=3, warmup_epochs=0)
    job = FinalJob(NamedArchitecture("fast-cifar10", ("kp",)), dataset, None, 0, "fp32", recipe)
    folder.mkdir(parents=True)
    job.write(folder, versions={}, data_dir="", images="")
    for seed, test in enumerate(tests):
        home = folder / f"seed-{seed}"
        home.mkdir()
        replace(RESULT, seed=seed, test=test).write(home)
    return folder


def test_our_rows_are_empty_without_trainings(tmp_path: Path) -> None:
    for folders in ([], [tmp_path]):
        rows = evonas.reproduce("bionas", folders, table=1).rows
        ours = [row for row in rows if row["network"] == "ours"]
        assert [row["dataset"] for row in ours] == ["cifar10", "cifar100"]
        assert all(
            row["error_percent"] == "" and row["budget"] == "nothing was run" for row in ours
        )


def test_published_figures_name_source_and_unverified_status() -> None:
    for name in PAPERS:
        paper = read_paper(name)
        for table in paper.tables:
            found = evonas.reproduce(name, table=table.number)
            published = [row for row in found.rows if not row["network"].startswith("ours")]
            assert len(published) == len(table.figures)
            for row, figure in zip(published, table.figures, strict=True):
                assert paper.source in row["source"]
                assert ("unverified" in row["source"]) == (figure.status == "note")
    # 100 less the accuracies of the abstract
    rows = evonas.reproduce("bionas", table=1).rows
    assert [row["error_percent"] for row in rows if row["source"]] == ["4.84", "23.52"]


def test_our_row_reports_mean_over_seeds_and_budget(tmp_path: Path) -> None:
    written(tmp_path / "deep" / "one", "cifar10", 0.90, 0.92)
    written(tmp_path / "other", "cifar100", 0.5)
    written(tmp_path / "digits", "digits", 0.9)
    written(tmp_path / "untested", "cifar10", None)
    # a folder that is named twice counts once
    rows = evonas.reproduce("bionas", [tmp_path, tmp_path / "deep"], table=1).rows
    ours = [row for row in rows if row["network"].startswith("ours")]
    assert [row["dataset"] for row in ours] == ["cifar10", "cifar100"]
    first, second = ours
    assert first["error_percent"] == "9.00 ± 1.41"
    assert first["budget"] == "3 epochs of batches of 500, 2 seeds, 1.0 h"
    assert (first["params"], first["bio"]) == ("1.97 M", "1.00")
    assert first["network"] == "ours: fast-cifar10 @ kp"
    assert second["error_percent"] == "50.00"


def test_reproduce_prints_table_json_and_markdown(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    written(tmp_path / "one", "cifar10", 0.9)
    arguments = ["reproduce", "bionas", str(tmp_path), "--table", "1"]
    table = call(*arguments)
    assert "[1] arXiv 2507.13485" in table
    document = json.loads(call(*arguments, "--json"))
    rows = evonas.reproduce("bionas", [tmp_path], table=1).rows
    assert document["rows"] == list(rows)
    markdown = call(*arguments, "--markdown")
    cells = [line.split(" | ") for line in markdown.splitlines() if line.startswith("| cifar")]
    assert [cell[2] for cell in cells] == [row["error_percent"] for row in rows]


def test_invalid_arguments_and_damaged_results_are_rejected(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    assert "did you mean 'bionas'" in call("reproduce", "bionass", code=2)
    assert "table 3: expected one of 1, 2, 5" in call(
        "reproduce", "bionas", "--table", "3", code=2
    )
    assert "got both" in call("reproduce", "bionas", "--json", "--markdown", code=2)
    with pytest.raises(DataError, match="no such folder"):
        evonas.reproduce("bionas", [tmp_path / "none"])
    with pytest.raises(UnknownNameError):
        evonas.reproduce("egnas")
    home = written(tmp_path / "damaged", "cifar10", 0.9)
    (home / "seed-0" / "result.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        evonas.reproduce("bionas", [tmp_path])
