"""MLflow's own client reads back every entry of the journal exactly once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from evonas.report.mirrors.mlflow_experiment import MlflowMirror
from evonas.study.results.reading import read_run
from tests.report.mirrors.conftest import HALVING, copied, go_on

pytestmark = [
    pytest.mark.system,  # MLflow makes its database by some fifty migrations
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's use of SQLAlchemy
]


def test_each_training_is_one_mlflow_run_after_repeated_copies(
    begin: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    uri, folder = f"sqlite:///{tmp_path}/mlflow.db", begin()
    for stop_after in (5, None):
        go_on(folder, stop_after=stop_after)
        for _ in range(2):
            copied(MlflowMirror(uri), folder)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("run")
    assert experiment is not None
    found = {each.info.run_name: each for each in client.search_runs([experiment.experiment_id])}
    run = read_run(folder)
    assert found.keys() == {"search", *(f"{e.key}-r{e.replicate}" for e in run.evaluations)}
    for each in run.evaluations:
        one = found[f"{each.key}-r{each.replicate}"]
        assert one.info.status == ("FINISHED" if each.failure is None else "FAILED")
        for name, value in each.values.items():
            assert one.data.metrics[name] == value
            assert len(client.get_metric_history(one.info.run_id, name)) == 1
    for candidate in run.candidates:
        tags = found[f"{candidate.key}-r0"].data.tags
        assert tags["on front"] == str(candidate.on_front).lower()
    history = client.get_metric_history(found["search"].info.run_id, "hypervolume")
    assert [point.step for point in history] == [4, 8, 12]


def test_run_that_stopped_on_a_rung_loses_its_reason_when_it_goes_on(
    begin: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    uri, folder = f"sqlite:///{tmp_path}/mlflow.db", begin(**HALVING)
    client = MlflowClient(tracking_uri=uri)
    reasons: list[dict[str, str | None]] = []
    for stop_after in (4, None):
        go_on(folder, stop_after=stop_after)
        copied(MlflowMirror(uri), folder)
        experiment = client.get_experiment_by_name("run")
        assert experiment is not None
        found = client.search_runs([experiment.experiment_id])
        reasons.append({each.info.run_name: each.data.tags.get("left out") for each in found})
        evaluations = read_run(folder).evaluations
        expected = {f"{e.key}-r{e.replicate}": e.left_out for e in evaluations}
        assert {name: reasons[-1][name] for name in expected} == expected
    before, after = reasons
    assert any(text and after[name] is None for name, text in before.items())
