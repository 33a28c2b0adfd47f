"""Checkpoints in a run's folder between two stages of a candidate, and summed seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evonas.settings import Settings
from evonas.settings.search import MODES
from evonas.study.journal.events import Told
from evonas.study.journal.opening import open_journal
from evonas.study.results.progress import Progress
from evonas.study.run import run_study
from tests.small_run import changed
from tests.study.fake import Drawn

Begin = Callable[[Settings, str], Path]
HALVING: dict[str, Any] = {"fidelity": (1, 2, 5), "epochs": 5, "eta": 2, "evaluations": 16}


class Stopped(BaseException):
    """Ctrl-C."""


@pytest.fixture(params=sorted(MODES))
def halving(request: pytest.FixtureRequest, config: Settings) -> Settings:
    return changed(config, mode=request.param, **HALVING)


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").glob("*"))


def told(folder: Path) -> list[Told]:
    journal = open_journal(folder)
    found = [event for event in journal.events() if isinstance(event, Told)]
    journal.close()
    return found


def test_only_last_checkpoint_of_each_candidate_is_kept(halving: Settings, begin: Begin) -> None:
    folder = begin(halving, "run")
    counts = []

    def look(progress: Progress) -> None:
        furthest = {event.evaluation.key: event.evaluation.epochs for event in told(folder)}
        for name in kept(folder):
            key, epochs = name.removesuffix(".pt").split("-")
            assert furthest[key] == int(epochs) < 5
        counts.append(len(kept(folder)))
        assert len(furthest) == progress.done

    run_study(folder, executor=Drawn(), on_progress=look)
    assert max(counts) >= 2
    assert kept(folder) == []


def test_resume_removes_partial_and_stale_checkpoints(halving: Settings, begin: Begin) -> None:
    folder = begin(halving, "run")

    def stop(progress: Progress) -> None:
        if progress.done == 5:
            raise Stopped

    with pytest.raises(Stopped):
        run_study(folder, executor=Drawn(), on_progress=stop)
    needed = kept(folder)
    assert needed
    strays = ["half.tmp", needed[0].replace(".pt", ".tmp"), "gone-1.pt"]
    for name in strays:
        (folder / "checkpoints" / name).write_bytes(b"torn")
    seen: list[list[str]] = []

    def note(_: Progress) -> None:
        seen.append(kept(folder))

    run_study(folder, executor=Drawn(), on_progress=note)
    assert seen[0] == needed


def test_seconds_are_summed_over_stages(halving: Settings, begin: Begin) -> None:
    """The executor takes one second per stage."""
    result = run_study(begin(halving, "run"), executor=Drawn(), on_progress=lambda _: None)
    stages = {1: 1.0, 2: 2.0, 5: 3.0}
    assert {e.epochs for e in result.evaluations} == set(stages)
    assert all(e.seconds == stages[e.epochs] for e in result.evaluations)
