"""A run small enough to be repeated many times, and what it needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.space import source_text
from evonas.study import RunConfig, StudyResult, create_run, make_executor, run_study


@pytest.fixture
def config() -> RunConfig:
    return RunConfig(
        space="nas-bench-201",
        objectives=("acc", "params"),
        rules=("fa", "usf", "brsf"),
        dataset="digits",
        data_dir="nowhere",
        algorithm="nsga2",
        population=4,
        generations=3,
        evaluations=12,
        epochs=1,
        batch=50,
        images=100,
        channels=4,
        cells=1,
        seed=0,
        epsilon="16/255",
        attacked_images=20,
        device="cpu",
    )


@pytest.fixture
def begin(tmp_path: Path) -> Callable[[RunConfig, str], Path]:
    """Makes the folder of a run and gives it back."""

    def make(config: RunConfig, name: str) -> Path:
        folder = tmp_path / name
        create_run(folder, config, space_text=source_text(config.space))
        return folder

    return make


@pytest.fixture
def run() -> Callable[[Path, int], StudyResult]:
    """Runs the study in a folder with so many workers."""

    def go(folder: Path, workers: int) -> StudyResult:
        return run_study(folder, executor=make_executor(workers), on_progress=lambda _: None)

    return go
