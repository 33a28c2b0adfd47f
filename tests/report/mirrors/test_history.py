"""Trainings and results found in a journal: the oracle is a list of entries written by hand."""

from dataclasses import replace
from typing import Any

import pytest

from evonas.evaluation.record import Evaluation
from evonas.report.mirrors.history import Training, results_of, trainings_of
from evonas.study.journal import kinds
from evonas.study.journal.entry import Draft, Entry


def result(key: str, replicate: int = 0, **changes: Any) -> Evaluation:
    plain = Evaluation(key, f"genome {key}", {"acc": 0.5}, {}, (1.0,), 5, 1.0, 7)
    return replace(plain, replicate=replicate, **changes)


def entries(*drafts: Draft) -> list[Entry]:
    return [
        Entry(each.kind, each.name, each.body, position, "")
        for position, each in enumerate(drafts, start=1)
    ]


def asked(key: str) -> Draft:
    return kinds.asked(key, generation=0, genome=f"genome {key}")


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (None, "running"),
        (result("a"), "whole"),
        (result("a", failure="diverged: at once"), "failed"),
        (result("a", failure="diverged: at once", left_out="outside params<=1"), "failed"),
        (result("a", epochs=1, left_out="stopped after 1 of 5 epochs"), "stopped"),
        (result("a", left_out="outside params<=1; stopped after 1 of 5 epochs"), "stopped"),
        (result("a", left_out="outside params<=1"), "whole"),
        (result("a", epochs=0, left_out="outside params<=1"), "refused"),
        (
            result("a", bounds={"robust": 0.1}, left_out="dominated even with robust 0.1"),
            "refused",
        ),
    ],
)
def test_state_follows_from_the_reasons_of_the_record(
    found: Evaluation | None, state: str
) -> None:
    assert Training("a", "genome a", 0, 0, found, 1).state == state


def test_each_training_has_its_last_result_and_the_place_of_its_last_entry() -> None:
    first, last = result("a", epochs=1, left_out="stopped after 1 of 5 epochs"), result("a")
    again = result("a", 1)
    journal = entries(
        asked("a"), asked("b"), kinds.told(first), kinds.promoted("a", epochs=5), kinds.told(last),
        kinds.repeated("a", 1, generation=1), kinds.told(again),
    )  # fmt: skip
    assert trainings_of(journal) == [
        Training("a", "genome a", 0, 0, last, 5),
        Training("b", "genome b", 0, 0, None, 2),
        Training("a", "genome a", 1, 0, again, 7),
    ]
    assert [(each.position, each.evaluation) for each in results_of(journal)] == [
        (3, first), (5, last), (7, again),
    ]  # fmt: skip


def test_retried_training_appears_as_the_failure_and_as_the_retry() -> None:
    lost, good = result("a", failure="worker lost: killed"), result("a")
    journal = entries(
        asked("a"), kinds.told(lost), kinds.retried("a", 0, 5, 1), kinds.told(good, attempt=1)
    )
    found = trainings_of(journal)
    assert found == [
        Training("a", "genome a", 0, 0, lost, 2), Training("a", "genome a", 0, 1, good, 4),
    ]  # fmt: skip
    assert [each.name for each in found] == ["a-r0", "a-r0-a1"]


def test_extension_drops_trainings_that_were_open_unless_requested_again() -> None:
    before = [asked("a"), asked("b"), asked("c"), kinds.told(result("a"))]
    after = [
        kinds.extended({"evaluations": 8}, number=1), kinds.of_search(asked("c"), number=1),
        kinds.of_search(asked("d"), number=1),
    ]  # fmt: skip

    def names(*drafts: Draft) -> list[str]:
        return [each.key for each in trainings_of(entries(*drafts))]

    assert names(*before) == ["a", "b", "c"]
    assert names(*before, *after) == ["a", "c", "d"]
    assert names() == []
