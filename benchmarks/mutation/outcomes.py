"""A pytest plugin that writes the duration and outcome of each test as JSON lines.

EVONAS_OUTCOMES=FILE pytest -p benchmarks.mutation.outcomes
"""

import json
import os
from pathlib import Path

import pytest

VARIABLE = "EVONAS_OUTCOMES"


class Outcomes:
    """Writes the outcome of each test.

    Args:
        path: file to which a line is appended for each test.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: dict[str, float] = {}
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record one of the three phases of a test; write the line after the last one."""
        name = report.nodeid
        self._seconds[name] = self._seconds.get(name, 0.0) + report.duration
        if report.outcome != "passed" or name not in self._outcomes:
            self._outcomes[name] = report.outcome
        if report.when == "teardown":
            row = {"test": name, "seconds": self._seconds[name], "outcome": self._outcomes[name]}
            with self._path.open("a") as file:
                file.write(json.dumps(row) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin if the environment variable names a file."""
    if VARIABLE in os.environ:
        config.pluginmanager.register(Outcomes(Path(os.environ[VARIABLE])))
