"""A finished run for tests that read it; tests that modify it work on a copy."""

from pathlib import Path

import pytest

from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.executors.inline import InlineExecutor
from evonas.study.results.confirmation import confirm_study
from evonas.study.run import run_study
from tests.small_run import SMALL_RUN, changed


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run with two generations, models and a confirmation."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    settings = changed(SMALL_RUN, population=3, generations=2, evaluations=6, images=60, batch=20)
    create_run(folder, settings, space_text=source_text(settings.problem.space))
    with_one = InlineExecutor()
    run_study(folder, executor=with_one, on_progress=lambda _: None)
    confirm_study(folder, replicates=1, executor=with_one, on_progress=lambda *_: None)
    return folder
