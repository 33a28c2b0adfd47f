"""A clock that is set back during a run, and files dated in the future."""

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.report.picture import write_picture
from evonas.settings import Settings
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from evonas.study.upkeep.state import summarise_run
from tests.small_run import changed

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]
HOUR_NS = 3600 * 10**9


@pytest.fixture
def small(config: Settings) -> Settings:
    return changed(
        config, space="tiny", population=3, generations=2, evaluations=6, images=60, batch=20
    )


def results(folder: Path) -> list[object]:
    return [(c.key, dict(c.values), c.on_front) for c in read_run(folder).candidates]


def models(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "models").iterdir()}


def test_clock_running_backwards_changes_no_result(
    small: Settings, begin: Begin, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, disturbed = begin(small, "undisturbed"), begin(small, "disturbed")
    run(undisturbed, 1)
    now = time.time()  # nothing in a run reads it yet: durations are of the monotonic clock
    ticks = (now - 3600.0 * number for number in itertools.count())
    monkeypatch.setattr(time, "time", lambda: next(ticks))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(ticks) * 10**9))
    run(disturbed, 1)
    assert results(disturbed) == results(undisturbed)
    assert models(disturbed) == models(undisturbed)
    assert summarise_run(disturbed).trainings == 6


def test_picture_dated_in_the_future_is_redrawn(small: Settings, begin: Begin, run: Run) -> None:
    folder = begin(small, "run")
    run(folder, 1)
    candidates = read_run(folder).candidates
    picture = write_picture(folder, candidates[:1], small)
    old = picture.read_bytes()
    later = time.time_ns() + HOUR_NS
    os.utime(picture, ns=(later, later))
    assert write_picture(folder, candidates, small).read_bytes() != old
    new = picture.stat().st_mtime_ns
    assert new < later
    assert write_picture(folder, candidates, small).stat().st_mtime_ns == new  # not drawn again


def test_file_times_in_the_future_are_ignored(small: Settings, begin: Begin, run: Run) -> None:
    folder = begin(small, "run")
    run(folder, 1)
    before = results(folder)
    later = time.time_ns() + 1000 * HOUR_NS
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, ns=(later, later))
    run(folder, 1)
    assert results(folder) == before
    assert summarise_run(folder).state == "ended"
