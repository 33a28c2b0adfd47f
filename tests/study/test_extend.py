"""Extended runs compared with runs begun at the larger size."""

import csv
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import ConfigError
from evonas.report.tables import write_tables
from evonas.settings import Settings
from evonas.study.changes.extend import extend
from evonas.study.folder import readable_run
from evonas.study.journal.events import Told
from evonas.study.journal.reading import is_reusable
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from evonas.study.upkeep.repair import repair
from evonas.study.upkeep.state import ENDED, INTERRUPTED, summarise_run
from tests.small_run import changed
from tests.study.fake import Drawn

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
HALVING: dict[str, Any] = {"fidelity": (1, 2, 5), "epochs": 5, "eta": 2}
SETTINGS: dict[str, dict[str, Any]] = {
    "nsga2": {},
    "evonas": {"algorithm": "evonas"},
    "auto": {"algorithm": "evonas", "replicates": "auto"},
    "twice, constrained": {"replicates": "2", "constraints": ("params<=8k",)},
    "halving": HALVING,
    "steady": {"mode": "steady"},
    "steady, auto": {"mode": "steady", "replicates": "auto"},
    "steady, halving": {"mode": "steady", **HALVING},
}


class Stopped(BaseException):
    """Ctrl-C."""


@pytest.fixture(params=sorted(SETTINGS))
def settings(request: pytest.FixtureRequest, config: Settings) -> Settings:
    return changed(config, **SETTINGS[request.param])


def sized(settings: Settings, **size: int) -> Settings:
    return changed(settings, **size, generations=-(-size["evaluations"] // size["population"]))


def run(folder: Path, executor: Drawn, *, stop_after: int | None = None) -> StudyResult:
    def look(progress: Any) -> None:
        if progress.done == stop_after:
            raise Stopped

    result = run_study(folder, executor=executor, on_progress=look)
    write_tables(folder, result.candidates, ("acc", "params"))
    return result


def outcome(folder: Path) -> dict[str, object]:
    """Tables without seconds, and the models."""
    found: dict[str, object] = {
        path.name: path.read_bytes() for path in (folder / "models").iterdir()
    }
    for path in folder.glob("*.csv"):
        with path.open(newline="") as file:
            found[path.name] = [row | {"seconds": ""} for row in csv.DictReader(file)]
    return found


@pytest.mark.parametrize("stop_after", [None, 5], ids=["ended", "interrupted"])
def test_extended_run_equals_run_begun_with_final_size(
    settings: Settings, begin: Begin, stop_after: int | None
) -> None:
    whole = begin(sized(settings, population=4, evaluations=20), "whole")
    expected = run(whole, Drawn())
    folder = begin(sized(settings, population=4, evaluations=9), "run")
    try:
        run(folder, Drawn(), stop_after=stop_after)
    except Stopped:
        assert stop_after
    with readable_run(folder) as (_, journal):
        told = [event.evaluation for event in journal.events() if isinstance(event, Told)]
    known = {(e.key, e.replicate, e.epochs) for e in told if e.epochs and is_reusable(e)}
    assert extend(folder, evaluations=20)
    assert not extend(folder, evaluations=20)  # it already has that size
    assert summarise_run(folder).state == INTERRUPTED
    executor = Drawn()
    result = run(folder, executor)
    assert outcome(folder) == outcome(whole)
    assert [replace(e, seconds=0.0) for e in result.evaluations] == [
        replace(e, seconds=0.0) for e in expected.evaluations
    ]
    assert result.hypervolumes == expected.hypervolumes
    trained = {
        (order.space.key(order.genome), order.stage.replicate, order.stage.epochs)
        for order in executor.submitted
    }
    assert not trained & known
    assert known
    assert summarise_run(folder).state == ENDED
    resumed = Drawn()
    assert run(folder, resumed).evaluations == result.evaluations
    assert not resumed.submitted


def test_extended_population_restarts_search_and_reuses_trainings(
    config: Settings, begin: Begin
) -> None:
    whole = begin(sized(config, population=6, evaluations=18), "whole")
    run(whole, Drawn())
    folder = begin(sized(config, population=4, evaluations=8), "run")
    run(folder, Drawn())
    assert extend(folder, population=6)  # as many generations as before, so twelve trainings
    assert extend(folder, population=6, generations=3)
    executor = Drawn()
    run(folder, executor)
    assert outcome(folder) == outcome(whole)
    assert len(executor.submitted) < 18


def test_repeatedly_extended_run_ends_equally(config: Settings, begin: Begin) -> None:
    whole = begin(sized(config, population=4, evaluations=20), "whole")
    run(whole, Drawn())
    folder = begin(sized(config, population=4, evaluations=4), "run")
    run(folder, Drawn())
    for evaluations in (8, 10, 20):
        assert extend(folder, evaluations=evaluations)
        run(folder, Drawn(3))
    assert outcome(folder) == outcome(whole)


def test_interrupted_extended_run_is_read_by_its_own_trainings(
    config: Settings, begin: Begin
) -> None:
    settings = changed(config, algorithm="evonas", replicates="auto")
    folder = begin(sized(settings, population=4, evaluations=12), "run")
    run(folder, Drawn())
    before = {candidate.key for candidate in read_run(folder).candidates}
    assert extend(folder, population=16)
    with pytest.raises(Stopped):
        run(folder, Drawn(), stop_after=12)  # as many as before
    found = read_run(folder)
    assert len(found.evaluations) == 12
    assert {candidate.key for candidate in found.candidates} != before


def test_extended_run_is_repaired_and_ends_equally(config: Settings, begin: Begin) -> None:
    whole = begin(sized(config, population=4, evaluations=20), "whole")
    run(whole, Drawn())
    folder = begin(sized(config, population=4, evaluations=8), "run")
    run(folder, Drawn())
    assert extend(folder, evaluations=20)
    run(folder, Drawn())  # tells the first eight again
    connection = sqlite3.connect(folder / "study.db")
    connection.execute("UPDATE entry SET body = body || ' ' WHERE position = 10")
    connection.commit()
    connection.close()
    repair(folder, executor=Drawn(), tell=lambda _: None)
    executor = Drawn()
    run(folder, executor)
    assert outcome(folder) == outcome(whole)
    assert len(executor.submitted) < 8  # failures and models


def test_run_cannot_shrink(config: Settings, begin: Begin) -> None:
    folder = begin(sized(config, population=4, evaluations=8), "run")
    run(folder, Drawn())
    with pytest.raises(
        ConfigError, match=r"evaluations: expected at least the 8 trainings .* got 4"
    ):
        extend(folder, evaluations=4)
    for population in (-1, 0):
        with pytest.raises(ConfigError, match="population: expected a whole number of at least 2"):
            extend(folder, population=population)
        with pytest.raises(ConfigError, match="population"):
            extend(folder, population=population, evaluations=20)
    with readable_run(folder) as (settings, _):
        assert settings.search.evaluations == 8
