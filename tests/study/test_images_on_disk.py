"""Whole runs on images that stay on disk. Oracle: the same run on images in memory."""

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml

import evonas
from evonas.errors import ConfigError
from evonas.study.changes.images_of_run import move_data
from evonas.study.config import read_config
from tests.evaluation.data.image_tree import make_image_tree

pytestmark = pytest.mark.system

SMALL: dict[str, Any] = {
    "dataset": "folder", "image_size": 12, "objectives": ["acc", "robust"], "rules": ["fa", "kp"],
    "population": 2, "generations": 1, "epochs": 2, "fidelity": [1, 2], "batch": 6,
    "channels": 4, "cells": 1, "replicates": "1", "confirm": 1, "attacked_images": 6,
    "audit_images": 0, "progress": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_tree(tmp_path_factory.mktemp("images") / "tree")


@pytest.fixture(scope="module")
def studies(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, evonas.Study]:
    out = tmp_path_factory.mktemp("runs")
    return {
        storage: evonas.search(
            "tiny", data_dir=str(tree), image_storage=storage, workers="1", out=out / storage,
            **SMALL,
        )
        for storage in ("auto", "disk")
    }  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: value for name, value in row.items() if "seconds" not in name}
            for row in csv.DictReader(file)
        ]


def test_run_on_disk_images_gives_equal_tables(studies: dict[str, evonas.Study]) -> None:
    for name in ("pareto.csv", "candidates.csv"):
        found = {storage: rows(study.folder / name) for storage, study in studies.items()}
        assert found["auto"] == found["disk"]
        assert found["disk"]


def test_image_storage_is_recorded_but_not_part_of_digest(
    studies: dict[str, evonas.Study],
) -> None:
    said = {
        name: yaml.safe_load((study.folder / "config.yaml").read_text())
        for name, study in studies.items()
    }
    assert said["disk"]["data"]["storage"] == "disk"
    assert "storage" not in said["auto"]["data"]
    for each in said.values():
        del each["data"]
    assert said["disk"] == said["auto"]
    assert read_config(studies["disk"].folder).training.image_storage == "disk"


def test_final_training_does_not_depend_on_image_storage(
    studies: dict[str, evonas.Study], tmp_path: Path
) -> None:
    key = studies["disk"].front.index[0]
    reports = [
        evonas.train(
            studies["disk"].folder, key, epochs=2, batch=6, image_storage=storage,
            out=tmp_path / storage, progress=False,
        )
        for storage in ("auto", "memory")
    ]  # fmt: skip
    one, two = (report.curve.drop(columns="seconds") for report in reports)
    assert one.equals(two)
    said = [yaml.safe_load((tmp_path / n / "config.yaml").read_text()) for n in ("auto", "memory")]
    assert [each["data"].get("storage") for each in said] == ["disk", None]
    # the training can be resumed with a different image storage
    again = evonas.train(
        studies["disk"].folder, key, epochs=2, batch=6, image_storage="memory",
        out=tmp_path / "auto", progress=False,
    )  # fmt: skip
    assert again.curve.equals(reports[0].curve)


def test_evaluation_does_not_depend_on_image_storage(
    studies: dict[str, evonas.Study], tree: Path
) -> None:
    given = {k: v for k, v in SMALL.items() if k not in ("fidelity", "progress")}
    text = studies["disk"].front.genome.iloc[0]
    found = [
        evonas.evaluate("tiny", text, data_dir=str(tree), image_storage=storage, **given).values
        for storage in ("memory", "disk")
    ]
    assert found[0] == found[1]


def test_run_on_disk_images_can_be_moved(studies: dict[str, evonas.Study], tree: Path) -> None:
    folder = studies["disk"].folder
    moved = tree.rename(tree.with_name("moved"))
    try:
        move_data(folder, moved)
        training = read_config(folder).training
        assert (training.data_dir, training.image_storage) == (str(moved), "disk")
    finally:
        moved.rename(tree)
        move_data(folder, tree)


def test_only_image_folders_can_stay_on_disk(tmp_path: Path) -> None:
    given = {**SMALL, "dataset": "digits", "image_size": None}
    with pytest.raises(ConfigError, match="image_storage: data set 'digits' is read as a whole"):
        evonas.search("tiny", image_storage="disk", out=tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()
