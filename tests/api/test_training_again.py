"""``evonas.train`` called again in a folder with finished seeds: nothing of them is lost."""

import csv
from pathlib import Path

import pytest

import evonas
from evonas.errors import DataError

pytestmark = pytest.mark.system


def train(out: Path, *, seeds: int = 1) -> list[dict[str, str]]:
    """Train in the folder; returns the rows of ``seeds.csv``."""
    evonas.train(
        space="tiny", genome="|conv_3x3~0|+|skip~0|+|skip~1| @ kp*2", dataset="digits", channels=4,
        rules=["kp", "fa"], recipe="short", epochs=3, batch=200, seeds=seeds, out=out,
        progress=False,
    )  # fmt: skip
    with (out / "seeds.csv").open(newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def test_call_for_fewer_seeds_keeps_others_in_table(tmp_path: Path) -> None:
    both = train(tmp_path, seeds=2)
    assert [row["seed"] for row in both] == ["0", "1"]
    assert train(tmp_path, seeds=1) == both


def test_result_without_test_accuracy_is_tested_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test images may be out of reach when a training ends, after days."""
    expected = train(tmp_path / "whole")

    def unreadable(*_: object, **__: object) -> None:
        raise DataError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr("evonas.api.final.training.load_test", unreadable)
        with pytest.warns(UserWarning, match="no test accuracy: the disk is gone"):
            (row,) = train(tmp_path / "late")
    assert (row["test"], row["test_images"]) == ("", "0")
    assert train(tmp_path / "late") == expected
