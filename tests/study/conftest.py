"""Fixtures for small runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.settings import Settings
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.executors.make import make_executor
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from tests.small_run import SMALL_RUN


@pytest.fixture
def config() -> Settings:
    return SMALL_RUN


@pytest.fixture
def begin(tmp_path: Path) -> Callable[[Settings, str], Path]:
    """Make the folder of a run, and return its path."""

    def make(config: Settings, name: str) -> Path:
        folder = tmp_path / name
        create_run(folder, config, space_text=source_text(config.problem.space))
        return folder

    return make


@pytest.fixture
def run() -> Callable[[Path, int], StudyResult]:
    """Run the study in a folder with a given number of workers."""

    def go(folder: Path, workers: int) -> StudyResult:
        executor = make_executor(workers)
        try:
            return run_study(folder, executor=executor, on_progress=lambda _: None)
        finally:
            executor.close()

    return go
