"""Optuna reads back the entries of the journal; a restarted mirror duplicates nothing."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from evonas.errors import ConfigError
from evonas.report.mirrors.candidate_facts import facts_of
from evonas.report.mirrors.optuna_study import OptunaMirror
from evonas.report.mirrors.snapshot import read_snapshot
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.reading import read_run
from tests.report.mirrors.conftest import HALVING, copied, go_on


def opened(url: str) -> optuna.storages.BaseStorage:
    if "://" in url:
        return optuna.storages.get_storage(url)
    return optuna.storages.JournalStorage(JournalFileBackend(url))


def trials(url: str, name: str = "run") -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=name, storage=opened(url)).trials


def content(url: str) -> list[Any]:
    """What a trial holds; an attribute that no longer applies is None."""
    return [
        (
            t.state, t.values, t.params, t.intermediate_values,
            {name: value for name, value in t.user_attrs.items() if value is not None},
        )
        for t in trials(url)
    ]  # fmt: skip


@pytest.fixture
def url(tmp_path: Path) -> str:
    return str(tmp_path / "study.log")  # a journal file, which is faster than a database


def test_trial_has_genes_values_and_state_of_its_training(
    begin: Callable[..., Path], tmp_path: Path
) -> None:
    folder, url = begin(), f"sqlite:///{tmp_path}/study.db"
    go_on(folder)
    copied(OptunaMirror(url), folder)
    run = read_run(folder)
    found = {(t.user_attrs["key"], t.user_attrs["replicate"]): t for t in trials(url)}
    assert found.keys() == {(e.key, e.replicate) for e in run.evaluations}
    assert {e.failure is None for e in run.evaluations} == {True, False}
    space = read_snapshot(folder, name="run").space
    for each in run.evaluations:
        trial = found[each.key, each.replicate]
        genes = [gene.choices.index(trial.params[gene.name]) for gene in space.genes]
        assert tuple(genes) == space.parse(each.genome).values
        if each.failure is None:
            assert trial.state.name == "COMPLETE"
            assert trial.values == [each.values["acc"], each.values["params"]]
        else:
            assert trial.state.name == "FAIL"
            assert trial.user_attrs["failure"] == each.failure
    study = optuna.load_study(study_name="run", storage=url)
    assert [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert study.metric_names == ["acc", "params"]
    # with one training each, Optuna's own front is that of the run
    expected = {c.key for c in front(run.candidates, ("acc", "params"))}
    assert {t.user_attrs["key"] for t in study.best_trials} == expected


def test_candidate_study_tracks_errors_and_front_during_run(
    begin: Callable[..., Path], url: str
) -> None:
    folder = begin(replicates="2")
    go_on(folder, stop_after=6)
    copied(OptunaMirror(url), folder)
    before = len(trials(url, "run (candidates)"))
    go_on(folder)
    for _ in range(2):
        copied(OptunaMirror(url), folder)
    found = {t.user_attrs["key"]: t for t in trials(url, "run (candidates)")}
    candidates = read_run(folder).candidates
    assert before < len(found) == len(candidates)
    for each in candidates:
        had = found[each.key].user_attrs
        assert (had["replicates"], had["on front"]) == (each.replicates, each.on_front)
        if each.contends:
            assert found[each.key].values == [each.values["acc"], each.values["params"]]
            assert had["standard error acc"] == each.errors["acc"]


def test_facts_of_a_confirmed_candidate_include_its_fresh_errors() -> None:
    candidate = Candidate(
        trainings=(), values={"acc": 0.9}, means={"acc": 0.9}, noise={"acc": 0.008},
        errors={"acc": 0.01}, collapsed=1, failure=None, violation=0.0, left_out=None,
        p_front=0.8, is_settled=True, on_front=True,
    )  # fmt: skip
    means, errors = {"acc": 0.88, "robust": 0.5}, {"acc": 0.02, "robust": None}
    facts = facts_of(candidate, Confirmed("k", 3, 0, means, errors))
    assert facts["standard error acc"] == 0.01
    assert (facts["confirmed acc"], facts["confirmed standard error acc"]) == (0.88, 0.02)
    assert facts["confirmed robust"] == 0.5
    assert "confirmed standard error robust" not in facts


@pytest.mark.parametrize("settings", [{}, HALVING], ids=["plain", "halving"])
def test_incremental_copies_equal_a_single_copy(
    begin: Callable[..., Path], tmp_path: Path, url: str, settings: dict[str, Any]
) -> None:
    folder = begin(**settings)
    states = Counter[str]()
    for stop_after in (2, 4, 9, None):  # after 4, a training that stopped on a rung goes on
        go_on(folder, stop_after=stop_after)
        copied(OptunaMirror(url), folder)
        states.update(trial.state.name for trial in trials(url))
    once = str(tmp_path / "once.log")
    copied(OptunaMirror(once), folder)
    assert content(url) == content(once)
    assert states["RUNNING"]
    assert not any(trial.state.name == "RUNNING" for trial in trials(url))
    assert (states["PRUNED"] > 0) == bool(settings)


def test_mirror_killed_at_any_write_creates_no_duplicates(
    begin: Callable[..., Path], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin()
    go_on(folder, stop_after=3)
    copied(OptunaMirror(url), folder)
    go_on(folder)
    storage = type(opened(url))
    names = ("create_new_trial", "set_trial_user_attr", "set_trial_state_values")

    class Killed(BaseException):
        pass

    kills = 0
    left = 0

    def dying(name: str) -> Callable[..., Any]:
        real = getattr(storage, name)

        def call(*given: Any, **more: Any) -> Any:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(*given, **more)

        return call

    with monkeypatch.context() as patched:
        for name in names:
            patched.setattr(storage, name, dying(name))
        while True:
            left = 2 + kills // 2  # the study of candidates is written at once
            try:
                copied(OptunaMirror(url), folder)
                break
            except Killed:
                kills += 1
    pairs = Counter((t.user_attrs["key"], t.user_attrs["replicate"]) for t in trials(url))
    assert kills > 5
    assert set(pairs.values()) == {1}
    assert len(pairs) == len(read_run(folder).evaluations)
    assert all(trial.state.is_finished() for trial in trials(url))


def test_unrelated_study_is_rejected_and_left_unchanged(
    begin: Callable[..., Path], url: str
) -> None:
    folder = begin()
    go_on(folder, stop_after=2)
    study = optuna.create_study(study_name="run", storage=opened(url))
    study.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(ConfigError, match="not of this run; give another --name"):
        copied(OptunaMirror(url), folder)
    assert [trial.value for trial in trials(url)] == [1.0]


def test_unopenable_storage_raises_config_error() -> None:
    with pytest.raises(ConfigError, match="expected a storage such as"):
        OptunaMirror("sqlite:////no/such/place.db")


@pytest.mark.parametrize("level", [optuna.logging.DEBUG, optuna.logging.ERROR])
def test_what_optuna_logs_for_the_user_is_left_alone(
    url: str, begin: Callable[..., Path], level: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(level)
    optuna.logging.enable_propagation()
    try:
        copied(OptunaMirror(url), begin())
        assert optuna.logging.get_verbosity() == level
    finally:
        optuna.logging.set_verbosity(before)
        optuna.logging.disable_propagation()
    assert not caplog.records
