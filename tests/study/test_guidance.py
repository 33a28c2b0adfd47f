"""Guided runs: equal results after an interruption; contradicting settings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from evonas.errors import ConfigError, EvonasError, UnknownNameError
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.loading import load_run_data
from evonas.search.guided_engines import GUIDED_SEARCHES
from evonas.settings import Settings
from evonas.space import Space, load
from evonas.study.config import read_config
from evonas.study.executors.make import make_executor
from evonas.study.guidance import make_guide
from evonas.study.operators_file import OPERATORS_FILE, describe_credit
from evonas.study.resolve import check_run
from evonas.study.results.progress import Progress
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from tests.small_run import changed

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]


@pytest.fixture
def guided(config: Settings) -> Settings:
    return changed(config, mutation="eg", supernet_epochs=1, supernet_channels=4, batch=25)


@pytest.fixture(params=["eg", "eg, steady", *sorted(GUIDED_SEARCHES)])
def any_guided(config: Settings, request: pytest.FixtureRequest) -> Settings:
    """Each way to use a supernet, as small as possible."""
    is_eg = request.param.startswith("eg")
    return changed(
        config, space="tiny", population=2, generations=2, evaluations=4, rules=("usf", "dfa"),
        supernet_epochs=3, supernet_channels=4, supernet_images=40, batch=20, images=40,
        mutation="eg" if is_eg else "plain",
        mode="steady" if "steady" in request.param else "generational",
        algorithm=config.search.algorithm if is_eg else request.param,
    )  # fmt: skip


def records(result: StudyResult) -> list[object]:
    return [replace(e, seconds=0.0) for e in result.evaluations]


def test_interrupted_guided_run_resumes_to_equal_results(
    any_guided: Settings, begin: Begin, run: Run
) -> None:
    whole, broken = begin(any_guided, "whole"), begin(any_guided, "broken")
    expected = run(whole, 1)

    def interrupt(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(broken, executor=make_executor(1), on_progress=interrupt)
    resumed = run(broken, 1)
    assert records(resumed) == records(expected)
    assert resumed.credit == expected.credit
    assert len(expected.evaluations) == 4
    assert read_config(broken) == any_guided
    if any_guided.search.mutation == "eg":
        files = [(folder / OPERATORS_FILE).read_bytes() for folder in (whole, broken)]
        assert files[0] == files[1]


def test_operators_file_lists_each_child(guided: Settings, begin: Begin, run: Run) -> None:
    folder = begin(changed(guided, generations=2, evaluations=8), "run")
    result = run(folder, 1)
    text = (folder / OPERATORS_FILE).read_text(encoding="utf-8")
    header, *rows = text.splitlines()
    assert header == "key,operator,failed,entered_front,on_front"
    children = [e.key for e in result.evaluations[guided.search.population :]]
    assert sorted(row.split(",")[0] for row in rows) == sorted(children)
    for operator, credit in result.credit.items():
        of_it = [row.split(",") for row in rows if row.split(",")[1] == operator]
        assert credit.asked == len(of_it) == 2
        assert credit.on_front == sum(row[4] == "True" for row in of_it)
    on_front = {e.key for e in result.front}
    assert {row.split(",")[0] for row in rows if row.endswith("True")} == on_front & set(children)
    assert describe_credit(result.credit).startswith("eg: 2 asked, 0 failed")


def test_plain_run_has_no_credit(config: Settings, begin: Begin, run: Run) -> None:
    folder = begin(changed(config, generations=1), "plain")
    assert run(folder, 1).credit == {}
    assert not (folder / OPERATORS_FILE).exists()


@pytest.mark.parametrize("supernet_images", [60, 300])
def test_guide_compares_genomes_on_the_candidates_validation_images(
    guided: Settings, supernet_images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evonas.evaluation.data.loading.MIN_CAPPED_VALIDATION", 10)
    seen: list[SearchData] = []

    def keep(_: Space, data: SearchData, **__: object) -> None:
        seen.append(data)

    monkeypatch.setattr("evonas.study.guidance.SupernetGuide", keep)
    settings = guided.with_values({"images": 100, "supernet_images": supernet_images})
    make_guide(settings, load("tiny"))
    assert len(seen[0].train) == supernet_images
    candidates = load_run_data(settings.training).validation
    assert torch.equal(seen[0].validation.pixels, candidates.pixels)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"mutation": "egg"}, ConfigError, "expected one of plain, eg, got 'egg'; did you mean"),
        ({"eg_without": ("cmaa",)}, UnknownNameError, "unknown part of the EG operator 'cmaa'"),
        ({"mutation": "plain"}, ConfigError, "supernet-epochs: this run trains no supernet"),
        (
            {"mutation": "plain", "eg_without": ("cma",)},
            ConfigError,
            "eg-without: switches off parts of --mutation eg",
        ),
        ({"algorithm": "bionas-eg"}, ConfigError, "both search in a supernet"),
        ({"algorithm": "random"}, ConfigError, "'random' is the control"),
        ({"supernet_epochs": None}, ConfigError, "supernet_epochs, supernet_channels: expected"),
        ({"supernet_epochs": 0}, ConfigError, "supernet_epochs: expected a whole number"),
        ({"supernet_images": 24}, ConfigError, "at least one batch of 25, got 24"),
    ],
)
def test_contradicting_settings_are_rejected(
    guided: Settings, changes: dict[str, object], error: type[EvonasError], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_run(guided.with_values(changes))
