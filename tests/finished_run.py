"""A finished run of two candidates, for tests that use its folder."""

from pathlib import Path

from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.executors.inline import InlineExecutor
from evonas.study.run import run_study
from tests.small_run import SMALL_RUN, changed


def make_finished_run(folder: Path) -> Path:
    """Search the space ``tiny`` into a new folder."""
    settings = changed(
        SMALL_RUN, space="tiny", algorithm="random", population=2, generations=1, evaluations=2,
        images=60, batch=20,
    )  # fmt: skip
    create_run(folder, settings, space_text=source_text("tiny"))
    run_study(folder, executor=InlineExecutor(), on_progress=lambda _: None)
    return folder
