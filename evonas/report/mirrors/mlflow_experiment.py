"""Mirror a run as an MLflow experiment: one MLflow run per training, and one for the search."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, final

from evonas.errors import ConfigError
from evonas.report.mirrors.base import Step, failures_as_mirror_errors, imported, opening, quiet
from evonas.report.mirrors.candidate_facts import facts_of
from evonas.report.mirrors.finals import FinalCurve
from evonas.report.mirrors.history import Training
from evonas.report.mirrors.mlflow_record import MlflowRecord
from evonas.report.mirrors.snapshot import Snapshot
from evonas.study.results.reading import RunState

IDENTITY = "evonas.run"
NAME = "evonas.name"
"""Tags: identity of the mirrored run (on experiments), and name within it (on MLflow runs)."""

SEARCH = "search"
LOGGING = ("mlflow", "alembic")
"""Packages that log every table that they create."""


@final
class MlflowMirror:
    """Mirrors a run to an experiment with the name of the run.

    The content of the store is read before anything is logged, so nothing is logged twice. The
    estimates of a candidate are logged to its first training: metrics, and the tag ``on front``.

    Args:
        uri: URI of a tracking server (``http://localhost:5000``), or of a database
            (``sqlite:///mlflow.db``).
        now: clock, in seconds since 1970.

    Raises:
        ConfigError: MLflow is not installed, or the store cannot be opened.
    """

    def __init__(self, uri: str, *, now: Callable[[], float] = time.time) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # MLflow reads it at import
        tracking = imported("mlflow.tracking", extra="mlflow")
        self._uri = uri
        self._now = now
        self._records: dict[str, MlflowRecord] | None = None
        expected = "mlflow: expected a tracking store such as sqlite:///mlflow.db"
        with quiet(*LOGGING), opening(uri, expected=expected):
            self._client = tracking.MlflowClient(tracking_uri=uri)
            self._client.search_experiments(max_results=1)

    def update(self, run: Snapshot, *, on_step: Step) -> None:
        """Log what is new; see :class:`Mirror`."""
        with quiet(*LOGGING), failures_as_mirror_errors(self._uri):
            experiment = self._experiment(run)
            if self._records is None:
                self._records = self._read(experiment)
            records = self._records
            self._write_search(records, experiment, run)
            for training in run.trainings:
                self._write_training(records, experiment, run, training)
                on_step()
            for curve in run.finals:
                self._write_final(records, experiment, curve)
            if run.state is not None and not run.is_running:
                _write_beliefs(records, run.state, position=run.position)

    def _experiment(self, run: Snapshot) -> str:
        found = self._client.get_experiment_by_name(run.name)
        if found is None:
            return str(self._client.create_experiment(run.name, tags={IDENTITY: run.identity}))
        if found.tags.get(IDENTITY) != run.identity:
            raise ConfigError(
                f"mlflow: the experiment '{run.name}' in {self._uri} is not of this run; give "
                "another --name"
            )
        return str(found.experiment_id)

    def _read(self, experiment: str) -> dict[str, MlflowRecord]:
        return {
            each.data.tags[NAME]: MlflowRecord(self._client, each, is_new=False)
            for each in self._runs_of(experiment)
            if NAME in each.data.tags
        }

    def _runs_of(self, experiment: str) -> Iterable[Any]:
        token = None
        while True:
            page = self._client.search_runs([experiment], page_token=token, max_results=1000)
            yield from page
            token = page.token
            if not token:
                return

    def _record(
        self, records: dict[str, MlflowRecord], experiment: str, name: str
    ) -> MlflowRecord:
        """The record with this name, created if it is missing."""
        if name not in records:
            made = self._client.create_run(
                experiment,
                start_time=int(self._now() * 1000),
                tags={NAME: name, "mlflow.runName": name},
            )
            records[name] = MlflowRecord(self._client, made, is_new=True)
        return records[name]

    def _write_search(
        self, records: dict[str, MlflowRecord], experiment: str, run: Snapshot
    ) -> None:
        record = self._record(records, experiment, SEARCH)
        record.parameters(run.settings.values())
        record.series(
            {"hypervolume": [(each.trainings, each.hypervolume) for each in run.volumes]}
        )
        if run.has_ended and not run.is_running:
            record.end("FINISHED")

    def _write_training(
        self,
        records: dict[str, MlflowRecord],
        experiment: str,
        run: Snapshot,
        training: Training,
    ) -> None:
        record = self._record(records, experiment, training.name)
        if record.status != "RUNNING":
            return
        record.parameters(run.parameters(training.genome))
        record.tag({"key": training.key, "replicate": training.replicate})
        result = training.result
        if result is None:
            return
        scores = {**result.values, "seconds": result.seconds}
        record.series(
            {
                "loss": enumerate(result.losses, start=1),
                **{name: [(result.epochs, value)] for name, value in scores.items()},
            }
        )
        # the reason of an earlier rung no longer holds
        record.tag({"failure": result.failure, "left out": result.left_out})
        if training.state != "stopped" or run.has_ended:
            record.end("FAILED" if training.state == "failed" else "FINISHED")

    def _write_final(
        self, records: dict[str, MlflowRecord], experiment: str, curve: FinalCurve
    ) -> None:
        record = self._record(records, experiment, f"final {curve.name}")
        if record.status != "RUNNING":
            return
        validated = [(e.epoch, e.validation) for e in curve.epochs if e.validation is not None]
        record.series(
            {
                "loss": [(each.epoch, each.loss) for each in curve.epochs],
                "learning rate": [(each.epoch, each.learning_rate) for each in curve.epochs],
                "validation": validated,
            }
        )
        if curve.result is not None:
            if curve.result.test is not None:
                record.series({"test": [(len(curve.epochs), curve.result.test)]})
            record.end("FINISHED")


def _write_beliefs(records: Mapping[str, MlflowRecord], state: RunState, *, position: int) -> None:
    """Log the estimates of each candidate to its first training."""
    for candidate in state.candidates:
        record = records[f"{candidate.key}-r0"]
        facts = facts_of(candidate, state.confirmed.get(candidate.key))
        numbers = {f"believed {name}": value for name, value in candidate.values.items()}
        texts: dict[str, str | None] = {
            "on front": str(candidate.on_front).lower(),
            "left out": candidate.left_out,
        }
        for name, fact in facts.items():
            if isinstance(fact, str):
                texts[name] = fact
            elif not isinstance(fact, bool):
                numbers[name] = fact
        record.tag(texts)
        record.values(numbers, step=position)
