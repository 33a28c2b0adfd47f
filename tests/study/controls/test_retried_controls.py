"""Retries of lost confirmations and controls. Oracle: a run that lost nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.api.ablating import ablate_and_write, retry_lost_controls
from evonas.api.study import load_study
from evonas.cli import main
from evonas.errors import ConfigError
from evonas.report.tables import FRONT_FILE
from evonas.settings import Settings
from evonas.settings.workers import Workers
from evonas.study.controls.names import NETWORK, TWIN, UNTRAINED
from evonas.study.controls.options import ControlOptions
from evonas.study.controls.reading import Trainings, read_controls
from evonas.study.controls.retrying import options_with
from evonas.study.executors import inline
from evonas.study.executors.order import Order, Result, failed
from evonas.study.folder import readable_run
from evonas.study.results.candidate import front
from evonas.study.results.confirmation import confirm_study
from evonas.study.results.reading import read_run
from evonas.study.results.result import StudyResult
from tests.small_run import changed

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]
FEW = ControlOptions(replicates=2, rules=("usf",), random=2, shuffled=0, architectures=0)
ONE = Workers.of(1, None)


class Weather:
    """While bad, every training but the first of each network is lost to an outside cause."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_bad = False
        self.trained: list[tuple[str, int]] = []
        evaluate = inline.evaluate_order

        def evaluated(order: Order) -> Result:
            name = order.variant.name if order.variant else NETWORK
            self.trained.append((name, order.stage.replicate))
            if self.is_bad and order.stage.is_confirmation and order.stage.replicate > 1:
                return failed(order, kind="timeout", reason="of the weather"), b""
            return evaluate(order)

        monkeypatch.setattr(inline, "evaluate_order", evaluated)


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> Weather:
    return Weather(monkeypatch)


@pytest.fixture
def small(config: Settings) -> Settings:
    return changed(
        config, objectives=("acc",), generations=1, evaluations=4, images=60, batch=20, confirm=2
    )


def trained(folder: Path) -> dict[str, Any]:
    """All confirmations and controls, without seconds."""
    with readable_run(folder) as (_, journal):
        confirmations = [replace(e, seconds=0.0) for e in journal.confirmations()]
    return {"": confirmations} | {
        key: {name: [replace(e, seconds=0.0) for e in some] for name, some in controls.items()}
        for key, controls in read_controls(folder).items()
    }


def ablate(folder: Path, *, retry_failed: bool = False) -> Trainings:
    key = front(read_run(folder).candidates, ("acc",))[0].key
    ablate_and_write(
        folder, key, options=FEW, workers=ONE, on_progress=lambda *_: None,
        retry_failed=retry_failed,
    )  # fmt: skip
    return read_controls(folder)[key]


@pytest.fixture
def expected(small: Settings, begin: Begin, run: Run) -> dict[str, Any]:
    """Trainings of a run that lost nothing."""
    folder = begin(small, "sunny")
    run(folder, 1)
    load_study(folder).confirm(2, workers=1, progress=False)
    ablate(folder)
    return trained(folder)


@pytest.fixture
def lossy(small: Settings, begin: Begin, run: Run, weather: Weather) -> Path:
    folder = begin(small, "run")
    run(folder, 1)
    weather.is_bad = True
    load_study(folder).confirm(2, workers=1, progress=False)
    found = ablate(folder)
    assert all([e.is_lost_from_outside for e in some] == [False, True] for some in found.values())
    weather.is_bad = False
    weather.trained.clear()
    return folder


def test_resume_with_retry_matches_run_that_lost_nothing(
    expected: dict[str, Any], lossy: Path, weather: Weather
) -> None:
    main_ends_well("resume", str(lossy), "--workers", "1", "--quiet")
    assert weather.trained == []  # not without --retry-failed
    main_ends_well("resume", str(lossy), "--retry-failed", "--workers", "1", "--quiet")
    assert trained(lossy) == expected
    names = (NETWORK, TWIN, "all usf", "random rules 1", "random rules 2", UNTRAINED)
    assert set(weather.trained) == {(name, 2) for name in names}
    table = (lossy / FRONT_FILE).read_text()
    weather.trained.clear()
    main_ends_well("resume", str(lossy), "--retry-failed", "--workers", "1", "--quiet")
    assert weather.trained == []  # nothing is lost any more
    assert (lossy / FRONT_FILE).read_text() == table


def test_confirm_and_ablate_retry_only_their_own_losses(
    expected: dict[str, Any], lossy: Path, weather: Weather
) -> None:
    study, before = load_study(lossy), trained(lossy)
    weather.is_bad = True
    study.confirm(2, workers=1, retry_failed=True, progress=False)
    assert trained(lossy) == before
    weather.is_bad = False
    main_ends_well(
        "confirm", str(lossy), "--replicates", "0", "--retry-failed", "--workers", "1", "--quiet"
    )
    assert trained(lossy)[""] == expected[""]
    assert {name for name, _ in weather.trained} == {NETWORK}
    weather.trained.clear()
    ablate(lossy, retry_failed=True)
    assert trained(lossy) == expected
    assert NETWORK not in {name for name, _ in weather.trained}
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        study.confirm(0, workers=1, progress=False)


def test_interrupted_retry_keeps_finished_trainings(
    expected: dict[str, Any], lossy: Path, weather: Weather
) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry_lost_controls(lossy, workers=ONE, on_progress=interrupt)
    assert len(weather.trained) == 2
    retry_lost_controls(lossy, workers=ONE, on_progress=lambda *_: None)
    assert len(set(weather.trained)) == len(weather.trained) == 5
    confirm_study(
        lossy, replicates=0, executor=inline.InlineExecutor(), on_progress=lambda *_: None,
        retry_failed=True,
    )  # fmt: skip
    assert trained(lossy) == expected


def test_control_names_are_parsed_to_options() -> None:
    names = ["all bp", "all fa", "random rules 3", "shuffled rules 1", "random architecture 2",
             "untrained convolutions", "resnet20 bp", "resnet56 fa"]  # fmt: skip
    assert options_with(names) == ControlOptions(
        rules=("fa",), random=3, shuffled=1, architectures=2, networks=("resnet20", "resnet56"),
        network_rules=("bp", "fa"),
    )  # fmt: skip


def main_ends_well(*arguments: str) -> None:
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    assert left.value.code in (0, None)


def test_too_many_replicates_are_rejected(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="replicates: expected at most 10000, got 1000"):
        ControlOptions(replicates=10**30)
    with pytest.raises(ConfigError, match="replicates: expected at most 10000, got 1000"):
        confirm_study(
            tmp_path, replicates=10**30, executor=inline.InlineExecutor(),
            on_progress=lambda *_: None,
        )  # fmt: skip
