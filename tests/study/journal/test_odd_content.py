"""Entries with valid hashes but invalid content. Oracle: what evonas itself writes."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import StorageError
from evonas.evaluation.record import Evaluation
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.journal.told_document import evaluation_of
from evonas.study.results.reading import read_run
from evonas.study.run import run_study
from evonas.study.upkeep.log import read_log
from tests.journals import forge
from tests.small_run import SMALL_RUN
from tests.study.fake import Drawn

WHOLE = Evaluation(
    "key", "genome", {"acc": 0.5}, {"fa": 1}, (1.0, 0.5), 2, 1.0, 7,
    violation=0.5, bounds={"robust": 0.1}, learned=0.9, batch=4,
)  # fmt: skip
OTHERS: tuple[Any, ...] = ("text", 3, 2.5, -1, True, None, [], ["a"], {}, {"a": "b"}, {"a": 1})


def test_evaluation_survives_dict_round_trip() -> None:
    document = asdict(WHOLE) | {"losses": [1.0, 0.5]}
    assert evaluation_of(document) == WHOLE


TAKEN: dict[type, list[Any]] = {
    str: ["text"],
    int: [3, -1],
    float: [3, 2.5],
    dict: [{}, {"a": 1}],
    tuple: [[]],
    type(None): ["text", None],  # failure and left_out are text or null
}


@pytest.mark.parametrize("name", list(asdict(WHOLE)))
def test_values_of_wrong_type_are_rejected(name: str) -> None:
    taken = TAKEN[type(getattr(WHOLE, name))] + ([None] if name in ("learned", "batch") else [])
    for value in OTHERS:
        document = {**asdict(WHOLE), "losses": [1.0], name: value}
        if any(value == each and type(value) is type(each) for each in taken):
            evaluation_of(document)
        elif value != -1:  # some numbers may be negative
            with pytest.raises(ValueError, match=f"^{name}: expected "):
                evaluation_of(document)


@pytest.mark.parametrize("name", ["seconds", "violation"])
def test_negative_size_is_rejected(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected a number of 0 or more, got -1"):
        evaluation_of({**asdict(WHOLE), "losses": [1.0], name: -1})


def test_missing_value_is_rejected() -> None:
    for name in ("key", "genome", "values", "losses"):
        document = {**asdict(WHOLE), "losses": [1.0]}
        del document[name]
        with pytest.raises((KeyError, TypeError), match=name):
            evaluation_of(document)


def drawn_run(place: Path) -> Path:
    create_run(place / "run", SMALL_RUN, space_text=source_text(SMALL_RUN.problem.space))
    run_study(place / "run", executor=Drawn(), on_progress=lambda _: None)
    return place / "run"


def test_run_with_missing_objective_value_is_rejected(tmp_path: Path) -> None:
    folder = drawn_run(tmp_path)
    lost = SMALL_RUN.problem.objectives[0]

    def without(body: dict[str, Any]) -> dict[str, Any]:
        values = {name: value for name, value in body["values"].items() if name != lost}
        return {**body, "values": values}

    forge(folder, "told", without)
    with pytest.raises(StorageError, match=f"has no {lost}; .*backup"):
        read_run(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [("seconds", "text"), ("losses", {"a": 1}), ("values", ["a"]), ("replicate", None)],
)
def test_log_with_entry_of_wrong_type_is_rejected_as_damaged(
    tmp_path: Path, name: str, value: Any
) -> None:
    folder = drawn_run(tmp_path)
    assert read_log(folder)
    forge(folder, "told", lambda body: {**body, name: value})
    with pytest.raises(StorageError, match=r"study\.db: damaged \(.*evonas repair"):
        read_log(folder)
