"""Confirmations: fresh seeds, test images, and equal results after an interruption."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.errors import ConfigError, StorageError
from evonas.evaluation.data import loading
from evonas.evaluation.data.images import Images
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.study.executors.make import make_executor
from evonas.study.folder import readable_run
from evonas.study.results.confirmation import confirm_study
from evonas.study.results.result import StudyResult
from tests.small_run import changed

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]


@pytest.fixture
def small(config: Settings) -> Settings:
    return changed(config, objectives=("acc", "robust"), generations=1, evaluations=4)


def confirm(folder: Path, count: int, *, workers: int = 1) -> list[Evaluation]:
    executor = make_executor(workers)
    try:
        found = confirm_study(
            folder, replicates=count, executor=executor, on_progress=lambda *_: None
        )
    finally:
        executor.close()
    return [replace(e, seconds=0.0) for e in found]


def test_every_network_on_front_is_retrained_and_tested(
    small: Settings, begin: Begin, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, reads = begin(small, "run"), list[str]()
    load_test = loading.load_test

    def watched(name: str, **named: Any) -> Images:
        reads.append(name)
        return load_test(name, **named)

    monkeypatch.setattr("evonas.evaluation.evaluate.load_test", watched)
    result = run(folder, 1)
    assert reads == []  # the search does not read test images
    found = confirm(folder, 2)
    assert reads
    keys = [e.key for e in result.front]
    assert sorted((e.key, e.replicate) for e in found) == sorted(
        (k, r) for k in keys for r in (1, 2)
    )
    seeds = {e.seed for e in found} | {e.seed for e in result.evaluations}
    assert len(seeds) == len(found) + len(result.evaluations)
    for each in found:
        assert set(each.test_values) == {"acc", "robust"}
        assert (each.num_images["acc"], each.num_images["test_acc"]) == (360, 359)
        assert each.num_images["robust"] == each.num_images["test_robust"] == 20
    assert confirm(folder, 2) == found  # nothing is trained twice
    assert [e for e in confirm(folder, 3) if e.replicate < 3] == found


def test_interrupted_confirmation_with_two_workers_gives_equal_results(
    small: Settings, begin: Begin, run: Run
) -> None:
    whole, broken = begin(small, "whole"), begin(small, "broken")
    run(whole, 1), run(broken, 1)
    expected = confirm(whole, 2)

    def interrupt(done: int, _: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        confirm_study(broken, replicates=2, executor=make_executor(1), on_progress=interrupt)
    with readable_run(broken) as (_, journal):
        assert len(journal.confirmations()) == 1
    assert confirm(broken, 2, workers=2) == expected


def test_constraints_do_not_skip_measurements_in_confirmations(
    small: Settings, begin: Begin, run: Run
) -> None:
    folder = begin(changed(small, objectives=("params",), constraints=("acc>=1%",)), "run")
    run(folder, 1)
    (found, *_) = confirm(folder, 1)
    assert found.left_out is None
    assert set(found.values) >= {"acc", "params"}


def test_impossible_confirmations_are_rejected(small: Settings, begin: Begin) -> None:
    folder = begin(small, "run")
    with pytest.raises(ConfigError, match="no network is on the front yet"):
        confirm(folder, 1)
    with pytest.raises(ConfigError, match="replicates: expected a whole number of at least 1"):
        confirm(folder, 0)
    (folder / "study.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="damaged"):
        confirm(folder, 1)
