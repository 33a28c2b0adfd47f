"""``evonas confirm`` as a user types it: the oracle is the table that it writes."""

import csv
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest

import evonas

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--rules", "usf,fa", "--population",
    "3", "--generations", "1", "--epochs", "4", "--images", "300", "--batch", "10", "--channels",
    "4", "--workers", "1",
]  # fmt: skip
CONFIRMED = [
    "confirmations", "confirmed_collapsed", "confirmed_acc", "confirmed_acc_se", "test_acc",
    "test_acc_se",
]  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def header(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.mark.system
def test_later_confirmation_matches_confirmation_at_end_of_run(
    tmp_path: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    one, two = tmp_path / "one", tmp_path / "two"
    call(*RUN, "--confirm", "0", "--out", str(one))
    searched = header(one / "pareto.csv")
    assert not set(CONFIRMED) & set(searched)
    printed = call("confirm", str(one), "--replicates", "2", "--workers", "1")
    assert header(one / "pareto.csv") == searched + CONFIRMED
    assert header(one / "candidates.csv")[-6:] == CONFIRMED
    call(*RUN, "--confirm", "2", "--out", str(two))
    assert rows(one / "pareto.csv") == rows(two / "pareto.csv")
    assert rows(one / "candidates.csv") == rows(two / "candidates.csv")

    table = rows(one / "pareto.csv")
    for row in table:
        assert (row["confirmations"], row["confirmed_collapsed"]) == ("2", "0")
        assert row["key"][:8] in printed
        mean, error = float(row["confirmed_acc"]), float(row["confirmed_acc_se"])
        assert f"{mean:.3f}±{error:.3f}" in printed
    claimed, found = (fmean(float(r[name]) for r in table) for name in ("acc", "confirmed_acc"))
    assert f"the search claimed acc {claimed:.4f}; confirmed: acc {found:.4f}" in printed

    call("resume", str(one), "--workers", "1", "--quiet")  # a resume keeps what was confirmed
    assert rows(one / "pareto.csv") == table
    assert list(evonas.load_study(one).front.columns) == list(table[0])[1:]


def test_study_confirm_adds_accuracies_without_changing_search_results(tmp_path: Path) -> None:
    study = evonas.search(
        "tiny", objectives="acc", population=2, generations=1, epochs=1, images=60, batch=20,
        channels=4, workers=1, progress=False, confirm=0, out=tmp_path / "run",
    )  # fmt: skip
    before = study.front
    after = study.confirm(2, workers=1, progress=False).front
    assert after.confirmed_acc.notna().all()
    assert before.acc.equals(after.acc)


def test_confirming_folder_without_run_is_rejected(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    assert "expected the folder of a run" in call("confirm", str(tmp_path), code=2)
    message = call(*RUN, "--confirm", "-1", "--out", str(tmp_path / "run"), code=2)
    assert "confirm: expected a whole number of at least 0, got -1" in message


@pytest.mark.parametrize("by", ["command", "library"])
def test_resumed_search_is_confirmed_at_its_end(
    tmp_path: Path, call: Callable[..., str], by: str
) -> None:
    new = evonas.new_study(
        "tiny", objectives=["acc", "params"], population=3, generations=1, epochs=1, images=60,
        batch=20, channels=4, confirm=2, out=tmp_path / "run",
    )  # fmt: skip
    if by == "command":
        call("resume", str(new.folder), "--workers", "1", "--quiet")
    else:
        new.resume(workers=1, progress=False)
    assert {row["confirmations"] for row in rows(new.folder / "pareto.csv")} == {"2"}
