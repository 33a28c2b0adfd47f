"""Log to one MLflow run; nothing is logged twice."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, final

MOST_PARAMETERS = 100
MOST_METRICS = 1000
"""Largest numbers of parameters and metrics that MLflow accepts in one call."""

LONGEST = 500
"""Largest number of characters of a parameter that every version of MLflow accepts."""


@final
class MlflowRecord:
    """One MLflow run and its logged content.

    Args:
        client: client of the tracking store.
        run: the MLflow run as stored.
        is_new: whether the run was just created, and so has no history to look up.
    """

    def __init__(self, client: Any, run: Any, *, is_new: bool) -> None:
        self._client = client
        self._id = run.info.run_id
        self._start = run.info.start_time
        self._parameters = set(run.data.params)
        self._tags = dict(run.data.tags)
        self._latest = dict(run.data.metrics)
        self._steps: dict[str, set[int]] = {}
        self._is_new = is_new
        self.status: str = run.info.status

    def parameters(self, values: Mapping[str, object]) -> None:
        """Log parameters that are not logged yet; MLflow cannot change a parameter."""
        from mlflow.entities import Param

        new = [
            Param(_name(name), str(value)[:LONGEST])
            for name, value in values.items()
            if _name(name) not in self._parameters
        ]
        for first in range(0, len(new), MOST_PARAMETERS):
            self._client.log_batch(self._id, params=new[first : first + MOST_PARAMETERS])
        self._parameters |= {each.key for each in new}

    def tag(self, values: Mapping[str, object]) -> None:
        """Set tags that are missing or have another value; remove those that are None here."""
        for name, value in values.items():
            if value is None:
                if self._tags.pop(_name(name), None) is not None:
                    self._client.delete_tag(self._id, _name(name))
            elif self._tags.get(_name(name)) != str(value):
                self._client.set_tag(self._id, _name(name), str(value))
                self._tags[_name(name)] = str(value)

    def series(self, metrics: Mapping[str, Iterable[tuple[int, float]]]) -> None:
        """Log the steps of metrics that are not logged yet.

        Args:
            metrics: pairs of step and value, keyed by metric.
        """
        from mlflow.entities import Metric

        new = [
            # the journal has no times, so derive them: a database then merges equal points
            Metric(_name(name), value, self._start + step, step)
            for name, points in metrics.items()
            for step, value in points
            if step not in self._known_steps(_name(name))
        ]
        for first in range(0, len(new), MOST_METRICS):
            self._client.log_batch(self._id, metrics=new[first : first + MOST_METRICS])
        for each in new:
            self._steps[each.key].add(each.step)

    def values(self, metrics: Mapping[str, float], *, step: int) -> None:
        """Log metrics whose latest logged value differs.

        Args:
            metrics: values keyed by metric.
            step: step of the values; greater than the steps of earlier, different values.
        """
        from mlflow.entities import Metric

        new = [
            Metric(_name(name), value, self._start + step, step)
            for name, value in metrics.items()
            if self._latest.get(_name(name)) != value
        ]
        for first in range(0, len(new), MOST_METRICS):
            self._client.log_batch(self._id, metrics=new[first : first + MOST_METRICS])
        self._latest |= {each.key: each.value for each in new}

    def end(self, status: str) -> None:
        """Mark the MLflow run as ended, with status ``FINISHED`` or ``FAILED``."""
        if self.status != status:
            self._client.set_terminated(self._id, status=status)
            self.status = status

    def _known_steps(self, name: str) -> set[int]:
        if name not in self._steps:
            is_there = not self._is_new and name in self._latest
            history = self._client.get_metric_history(self._id, name) if is_there else []
            self._steps[name] = {each.step for each in history}
        return self._steps[name]


def _name(text: str) -> str:
    """A name that every version of MLflow accepts: letters, digits and ``_-. /``."""
    return re.sub(r"[^\w\-. /]", "_", text)
