"""A study: its folder, its journal, its workers, and the loop that joins the floors."""

from evonas.study.config import RunConfig, read_config, read_space, shaped_space
from evonas.study.executors import make_executor
from evonas.study.folder import (
    check_is_free,
    create_run,
    next_free_folder,
    opened_run,
    readable_run,
)
from evonas.study.journal import Journal, open_journal
from evonas.study.progress import Progress, front
from evonas.study.run import StudyResult, run_study
from evonas.study.weights import weights_path

__all__ = [
    "Journal",
    "Progress",
    "RunConfig",
    "StudyResult",
    "check_is_free",
    "create_run",
    "front",
    "make_executor",
    "next_free_folder",
    "open_journal",
    "opened_run",
    "read_config",
    "read_space",
    "readable_run",
    "run_study",
    "shaped_space",
    "weights_path",
]
