"""A plugin of pytest that writes each test's seconds and outcome, one JSON object a line.

EVONAS_OUTCOMES=FILE pytest -p benchmarks.mutation.outcomes
"""

import json
import os
from pathlib import Path

import pytest

VARIABLE = "EVONAS_OUTCOMES"


class Outcomes:
    """What became of each test.

    Args:
        path: of the file that is added to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds: dict[str, float] = {}
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One of a test's three phases has ended."""
        name = report.nodeid
        self._seconds[name] = self._seconds.get(name, 0.0) + report.duration
        if report.outcome != "passed" or name not in self._outcomes:
            self._outcomes[name] = report.outcome
        if report.when == "teardown":
            row = {"test": name, "seconds": self._seconds[name], "outcome": self._outcomes[name]}
            with self._path.open("a") as file:
                file.write(json.dumps(row) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin where the variable names a file."""
    if VARIABLE in os.environ:
        config.pluginmanager.register(Outcomes(Path(os.environ[VARIABLE])))
