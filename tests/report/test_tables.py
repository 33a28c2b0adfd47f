"""Tables: the header that was promised, one row a candidate, the same bytes for the same run."""

import csv
from dataclasses import replace
from pathlib import Path

from evonas.evaluation.record import Evaluation
from evonas.report.tables import columns, write_tables

GENOME = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2| @ fa -*3"


def told(key: str, acc: float, params: int, failure: str | None = None) -> Evaluation:
    values = {"params": params, "flops": 7, "bio": 1.0} | ({} if failure else {"acc": acc})
    return Evaluation(key, GENOME, values, {"fa": params}, (1.0,), 3, 0.5, 2**62 + 1, failure)


TOLD = [
    told("aa", 0.1 + 0.2, 90), told("bb", 0.9, 80), told("cc", 0.2, 95),
    told("dd", 0.0, 70, "diverged: at once"), told("ee", 0.5, 10),
]  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_header_is_the_promised_one() -> None:
    assert columns(["acc", "robust"]) == [
        "key", "genome", "acc", "robust", "params", "flops", "bio", "epochs", "seconds", "seed",
    ]  # fmt: skip
    assert columns(["params", "acc"]) == [
        "key", "genome", "params", "acc", "flops", "bio", "epochs", "seconds", "seed",
    ]  # fmt: skip


def test_the_front_is_in_one_file_and_everything_in_another(tmp_path: Path) -> None:
    write_tables(tmp_path, TOLD, ["acc", "params"])
    assert [row["key"] for row in rows(tmp_path / "pareto.csv")] == ["bb", "ee"]
    assert [row["key"] for row in rows(tmp_path / "candidates.csv")] == [e.key for e in TOLD]


def test_values_come_back_exactly_and_counts_are_whole_numbers(tmp_path: Path) -> None:
    write_tables(tmp_path, TOLD, ["acc", "params"])
    first = rows(tmp_path / "candidates.csv")[0]
    assert float(first["acc"]) == 0.1 + 0.2
    assert (first["params"], first["flops"], first["epochs"]) == ("90", "7", "3")
    assert int(first["seed"]) == 2**62 + 1
    assert first["genome"] == GENOME


def test_a_failure_has_no_number_and_its_reason_is_told(tmp_path: Path) -> None:
    write_tables(tmp_path, TOLD, ["acc", "params"])
    failed = rows(tmp_path / "candidates.csv")[3]
    assert (failed["acc"], failed["params"]) == ("", "70")
    assert rows(tmp_path / "failures.csv") == [
        {"key": "dd", "genome": GENOME, "failure": "diverged: at once"}
    ]


def test_only_the_seconds_can_differ_between_two_equal_runs(tmp_path: Path) -> None:
    for name, seconds in (("one", 0.5), ("two", 9.0)):
        (tmp_path / name).mkdir()
        again = [replace(e, seconds=seconds) for e in TOLD]
        write_tables(tmp_path / name, again, ["acc", "params"])
    for table in ("pareto.csv", "candidates.csv"):
        one, two = (rows(tmp_path / name / table) for name in ("one", "two"))
        assert one != two
        assert [row | {"seconds": ""} for row in one] == [row | {"seconds": ""} for row in two]


def test_seconds_are_told_to_the_millisecond(tmp_path: Path) -> None:
    write_tables(tmp_path, [replace(TOLD[1], seconds=1.23456)], ["acc"])
    assert rows(tmp_path / "pareto.csv")[0]["seconds"] == "1.235"
    assert not (tmp_path / "failures.csv").exists()


def test_a_study_without_a_front_still_has_its_header(tmp_path: Path) -> None:
    write_tables(tmp_path, [TOLD[3]], ["acc"])
    assert (tmp_path / "pareto.csv").read_text().strip() == ",".join(columns(["acc"]))
