"""Trainings lost to an outside cause are retried, and the journal can be replayed."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.study.executors.order import Order, Result
from evonas.study.journal.events import Asked, Promoted, Repeated, Retried, Told
from evonas.study.journal.journal import Journal
from evonas.study.journal.opening import open_journal
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from tests.small_run import changed
from tests.study import fake
from tests.study.fake import Drawn, draw

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
HALVING: dict[str, Any] = {"fidelity": (1, 2, 5), "epochs": 5, "eta": 2}
SETTINGS: dict[str, dict[str, Any]] = {
    "generational": {},
    "steady": {"mode": "steady"},
    "generational-halving-auto": {**HALVING, "replicates": "auto"},
    "steady-halving-two": {**HALVING, "mode": "steady", "replicates": "2"},
}


@pytest.fixture(params=sorted(SETTINGS))
def settings(request: pytest.FixtureRequest, config: Settings) -> Settings:
    return changed(config, evaluations=14, generations=4, **SETTINGS[request.param])


class Weather:
    """While bad, one training in three is lost to an outside cause."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_bad = True
        self.lost: list[tuple[str, int, int]] = []
        monkeypatch.setattr(fake, "draw", self.draw)

    def draw(self, order: Order) -> Result:
        evaluation, blob = draw(order)
        rng = random.Random(f"{evaluation.key} {evaluation.replicate} {evaluation.epochs}")
        if not self.is_bad or rng.random() > 1 / 3:
            return evaluation, blob
        self.lost.append((evaluation.key, evaluation.replicate, evaluation.epochs))
        kind = rng.choice(["out of memory", "worker lost", "timeout"])
        return replace(evaluation, values={}, failure=f"{kind}: of the weather"), b""


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> Weather:
    return Weather(monkeypatch)


def run_to_end(folder: Path, executor: Drawn, *, retry_failed: bool = False) -> StudyResult:
    return run_study(
        folder, executor=executor, on_progress=lambda _: None, retry_failed=retry_failed
    )


def events(folder: Path) -> list[Any]:
    journal = open_journal(folder)
    found = journal.events()
    journal.close()
    return found


def lost(result: StudyResult) -> list[Evaluation]:
    return [e for e in result.evaluations if e.is_lost_from_outside]


def test_retry_replaces_exactly_the_lost_results(
    settings: Settings, begin: Begin, weather: Weather
) -> None:
    folder = begin(settings, "run")
    before = run_to_end(folder, Drawn())
    assert lost(before)
    assert any(e.failure == "diverged: at once" for e in before.evaluations)
    weather.is_bad = False
    executor = Drawn(3)
    after = run_to_end(folder, executor, retry_failed=True)
    assert lost(after) == []
    again = {(o.space.key(o.genome), o.stage.replicate) for o in executor.submitted}
    assert again >= {(e.key, e.replicate) for e in lost(before)}
    assert all(not order.stage.checkpoint for order in executor.submitted[: len(lost(before))])
    same = {(e.key, e.replicate): e for e in after.evaluations}
    for known in before.evaluations:
        if (known.key, known.replicate) not in again:
            assert same[known.key, known.replicate] == known
    assert read_run(folder).evaluations == after.evaluations
    read = {c.key: (c.values, c.p_front, c.on_front) for c in read_run(folder).candidates}
    assert read == {c.key: (c.values, c.p_front, c.on_front) for c in after.candidates}


def test_run_with_retries_is_replayed_without_training(
    settings: Settings, begin: Begin, weather: Weather
) -> None:
    folder = begin(settings, "run")
    run_to_end(folder, Drawn())
    for is_bad in (True, False):
        weather.is_bad = is_bad
        result = run_to_end(folder, Drawn(), retry_failed=True)
        told = events(folder)
        executor = Drawn()
        again = run_to_end(folder, executor)
        assert again.evaluations == result.evaluations
        assert [c.key for c in again.front] == [c.key for c in result.front]
        assert executor.submitted == []
        assert events(folder) == told
    attempts = [event.attempt for event in told if isinstance(event, Retried)]
    assert set(attempts) == {1, 2}  # one attempt per resume with retries
    executor = Drawn()
    run_to_end(folder, executor, retry_failed=True)
    assert executor.submitted == []  # nothing is lost any more


class Killed(BaseException):
    """The process ends."""


def killed_after(count: int, next_done: Callable[[], Result]) -> Callable[[], Result]:
    results = iter(range(count))

    def ended() -> Result:
        if next(results, None) is None:
            raise Killed
        return next_done()

    return ended


def test_killed_retry_continues_on_plain_resume(
    settings: Settings, begin: Begin, weather: Weather, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = begin(settings, "whole")
    count = len(lost(run_to_end(whole, Drawn())))
    weather.is_bad = False
    expected = run_to_end(whole, Drawn(), retry_failed=True)
    assert count > 2
    for number in range(1, count, 2):
        folder = begin(settings, f"killed-{number}")
        weather.is_bad = True
        run_to_end(folder, Drawn())
        weather.is_bad = False
        killed = Drawn()
        with monkeypatch.context() as patch:
            patch.setattr(killed, "next_done", killed_after(number, killed.next_done))
            with pytest.raises(Killed):
                run_to_end(folder, killed, retry_failed=True)
        found = run_to_end(folder, Drawn())
        assert found.evaluations == expected.evaluations
        assert events(folder) == events(whole)


def test_retry_within_generation_gives_same_run(
    config: Settings, begin: Begin, weather: Weather, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = changed(config, generations=4, evaluations=16)
    sunny, folder = begin(config, "sunny"), begin(config, "run")
    weather.is_bad = False
    expected = run_to_end(sunny, Drawn())
    weather.is_bad = True
    record_asks, asks = Journal.record_asks, iter(range(1))

    def ended(journal: Journal, *args: Any, **kwargs: Any) -> None:
        if next(asks, None) is None:
            raise Killed  # the first generation has ended, but the search has not been told
        record_asks(journal, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record_asks", ended)
        with pytest.raises(Killed):
            run_to_end(folder, Drawn())
    known = [e.evaluation for e in events(folder) if isinstance(e, Told)]
    assert len(known) == 4
    assert any(e.is_lost_from_outside for e in known)
    weather.is_bad = False
    result = run_to_end(folder, Drawn(), retry_failed=True)
    assert lost(result) == []
    assert result.evaluations == expected.evaluations


def test_every_order_in_journal_has_a_result(
    settings: Settings, begin: Begin, weather: Weather
) -> None:
    folder = begin(settings, "run")
    run_to_end(folder, Drawn())
    weather.is_bad = False
    run_to_end(folder, Drawn(), retry_failed=True)
    kinds = [type(event) for event in events(folder)]
    orders = sum(kind in (Asked, Promoted, Repeated, Retried) for kind in kinds)
    assert orders == kinds.count(Told)
