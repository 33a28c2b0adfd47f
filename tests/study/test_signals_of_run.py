"""Runs with signals: equal results after an interruption; invalid settings; old runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from evonas.errors import ConfigError, EvonasError, UnknownNameError
from evonas.evaluation.signals.signal_cache import SIGNALS_FILE
from evonas.settings import Settings
from evonas.study.config import read_config
from evonas.study.executors.make import make_executor
from evonas.study.resolve import check_run
from evonas.study.results.progress import Progress
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from evonas.study.signals_file import RELEVANCE_FILE
from tests.small_run import changed

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]


@pytest.fixture
def informed(config: Settings) -> Settings:
    return changed(
        config, space="tiny", algorithm="evonas", population=10, generations=2, evaluations=16,
        images=40, batch=20, signals=("free", "depth-profile", "naswot", "supernet-gain"),
    )  # fmt: skip


def test_interrupted_run_with_signals_resumes_to_equal_results(
    informed: Settings, begin: Begin, run: Run
) -> None:
    whole, broken = begin(informed, "whole"), begin(informed, "broken")
    expected = [replace(e, seconds=0.0) for e in run(whole, 1).evaluations]

    def interrupt(progress: Progress) -> None:
        if progress.done == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(broken, executor=make_executor(1), on_progress=interrupt)
    assert [replace(e, seconds=0.0) for e in run(broken, 1).evaluations] == expected
    assert read_config(broken) == informed
    table = (whole / RELEVANCE_FILE).read_text()
    assert (broken / RELEVANCE_FILE).read_text() == table
    assert len(table.splitlines()) == 1 + len(informed.problem.objectives) * 8
    # the cache is used if present, and may be missing
    (broken / SIGNALS_FILE).unlink()
    for folder in (whole, broken):
        (folder / RELEVANCE_FILE).unlink()
        assert [replace(e, seconds=0.0) for e in run(folder, 1).evaluations] == expected
        assert (folder / RELEVANCE_FILE).read_text() == table
    plain = begin(changed(informed, signals=()), "plain")
    without = [replace(e, seconds=0.0) for e in run(plain, 1).evaluations]
    # the founders are drawn before there is a model
    assert without[:10] == expected[:10]
    assert without != expected


def test_old_run_without_signals_setting_has_none(informed: Settings, begin: Begin) -> None:
    folder = begin(changed(informed, signals=()), "run")
    path = folder / "config.yaml"
    document = yaml.safe_load(path.read_text())
    del document["search"]["signals"]
    path.write_text(yaml.safe_dump(document))
    assert read_config(folder).search.signals == ()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"algorithm": "nsga2"}, ConfigError, "nsga2 has no model that signals could inform"),
        ({"algorithm": "bionas-eg"}, ConfigError, "bionas-eg has no model"),
        ({"signals": ("fre",)}, UnknownNameError, "unknown signal 'fre'; did you mean 'free'"),
        ({"signals": ("free", "free")}, ConfigError, "'free' is named twice"),
    ],
)
def test_unusable_signals_are_rejected(
    informed: Settings, changes: dict[str, object], error: type[EvonasError], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_run(informed.with_values(changes))
