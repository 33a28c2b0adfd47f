"""A replay compares every order in the journal with the order made again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import StorageError
from evonas.settings import Settings
from evonas.study.journal.entry import Draft
from evonas.study.journal.opening import open_journal
from evonas.study.run import run_study
from tests.journals import forge, forge_all
from tests.small_run import changed
from tests.study.fake import Drawn

Begin = Callable[[Settings, str], Path]
Forgery = Callable[[list[Draft]], list[Draft]]

STEADY: dict[str, Any] = {"mode": "steady", "fidelity": (1, 2, 5), "epochs": 5, "eta": 2}
TWICE: dict[str, Any] = {"replicates": "2", "evaluations": 14, "generations": 5}


def resume(folder: Path) -> None:
    run_study(folder, executor=Drawn(), on_progress=lambda _: None)


def altered(kind: str, *, place: int, **values: Any) -> Forgery:
    """Alter values of one entry, the one at ``place`` among entries of its kind."""

    def change(drafts: list[Draft]) -> list[Draft]:
        number = [n for n, each in enumerate(drafts) if each.kind == kind][place]
        old = drafts[number]
        body = json.loads(old.body)
        assert body.keys() >= values.keys()
        assert all(body[name] != value for name, value in values.items())
        new = Draft(kind, old.name, json.dumps({**body, **values}))
        return [*drafts[:number], new, *drafts[number + 1 :]]

    return change


def exchanged(first: str, second: str) -> Forgery:
    """Exchange the last two neighbours of these kinds."""

    def change(drafts: list[Draft]) -> list[Draft]:
        kinds = [each.kind for each in drafts]
        pairs = [n for n in range(len(kinds) - 1) if kinds[n : n + 2] == [first, second]]
        at = pairs[-1]
        return [*drafts[:at], drafts[at + 1], drafts[at], *drafts[at + 2 :]]

    return change


FORGERIES: dict[str, tuple[dict[str, Any], Forgery]] = {
    "the generation of a candidate": ({}, altered("asked", place=5, generation=0)),
    "the generation of a replicate": (TWICE, altered("repeated", place=0, generation=7)),
    "the replicate": (TWICE, altered("repeated", place=0, replicate=2)),
    "the epochs of a promotion": (STEADY, altered("promoted", place=-1, epochs=4)),
    "two candidates of one ask": ({}, exchanged("asked", "asked")),
    "two replicates of one ask": (TWICE, exchanged("repeated", "repeated")),
    "a promotion before the result it follows from": (STEADY, exchanged("told", "promoted")),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_replay_rejects_altered_or_exchanged_journal_entries(
    config: Settings, begin: Begin, name: str
) -> None:
    values, forgery = FORGERIES[name]
    folder = begin(changed(config, **values), "run")
    resume(folder)
    resume(folder)  # unaltered, it is replayed to its end
    forge_all(folder, forgery)
    with pytest.raises(
        StorageError, match="of this run cannot be reproduced: it held other candidates"
    ):
        resume(folder)


def test_replay_rejects_ask_exchanged_with_promotion(config: Settings, begin: Begin) -> None:
    """Both are ordered again with the same key, but at a different time."""
    folder = begin(changed(config, **STEADY), "run")
    resume(folder)

    def change(drafts: list[Draft]) -> list[Draft]:
        kinds = [each.kind for each in drafts]
        promotion = kinds.index("promoted")
        ask = kinds.index("asked", promotion)
        drafts[promotion], drafts[ask] = drafts[ask], drafts[promotion]
        return drafts

    forge_all(folder, change)
    with pytest.raises(
        StorageError, match="of this run cannot be reproduced: it held other candidates"
    ):
        resume(folder)


def test_run_without_recorded_image_traits_uses_data_set_traits(
    config: Settings, begin: Begin
) -> None:
    """As in old runs: the traits of the images then follow from the data set."""
    folder = begin(config, "run")
    journal = open_journal(folder)
    recorded = journal.traits()
    journal.close()
    assert recorded is not None
    assert recorded["shape"] == [1, 8, 8]
    forge(folder, "began", lambda body: {k: v for k, v in body.items() if k != "traits"})
    resume(folder)
    journal = open_journal(folder)
    assert journal.traits() is None
    assert len(journal.evaluations()) == config.search.num_trainings
    journal.close()
