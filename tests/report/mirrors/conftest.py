"""Runs with random results, finished or interrupted, for the tests of mirrors."""

import os

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # tests contact no server

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evonas.report.mirrors.base import Mirror
from evonas.report.mirrors.snapshot import Snapshot, read_snapshot
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.run import run_study
from tests.small_run import SMALL_RUN, changed
from tests.study.fake import Drawn

HALVING: dict[str, Any] = {"fidelity": (1, 2, 5), "epochs": 5, "eta": 2}


class Stopped(BaseException):
    """Simulates Ctrl-C."""


def go_on(folder: Path, *, stop_after: int | None = None) -> None:
    """Run the search in ``folder`` until its end or for a number of trainings."""

    def look(progress: Any) -> None:
        if progress.done == stop_after:
            raise Stopped

    try:
        run_study(folder, executor=Drawn(), on_progress=look)
    except Stopped:
        assert stop_after is not None


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., Path]:
    """Make the folder of a run with some settings."""

    def make(**values: Any) -> Path:
        settings = changed(SMALL_RUN, **values)
        create_run(tmp_path / "run", settings, space_text=source_text(settings.problem.space))
        return tmp_path / "run"

    return make


def copied(mirror: Mirror, folder: Path) -> Snapshot:
    """Copy a run once, and return its snapshot."""
    run = read_snapshot(folder, name="run")
    steps: list[None] = []
    mirror.update(run, on_step=lambda: steps.append(None))
    assert len(steps) == len(run.trainings)
    return run
