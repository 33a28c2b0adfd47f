"""Searches of NAS-Bench-201 on scikit-learn's digits, for scripts that compare ways to search."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from evonas.cli.options import RunOptions, resolve
from evonas.evaluation.record import Evaluation
from evonas.space import source_text
from evonas.study.config import CONFIG_FILE
from evonas.study.executors.make import make_executor
from evonas.study.folder import create_run
from evonas.study.progress import archive_hypervolume
from evonas.study.run import StudyResult, run_study

OBJECTIVES = ("acc", "robust")
OPTIONS = RunOptions(
    space="nas-bench-201", objectives=",".join(OBJECTIVES), rules=None, dataset="digits",
    data_dir=None, algorithm="nsga2", population=20, generations=None, evaluations=None,
    epochs=None, batch=None, images=None, channels=None, cells=None, epsilon=None, seed=0,
    device="cpu", precision=None,
)  # fmt: skip
"""What a script changes by ``dataclasses.replace``."""


def search(folder: Path, options: RunOptions) -> StudyResult:
    """Run, or finish, the search in ``folder``, in this process."""
    if not (folder / CONFIG_FILE).exists():
        config, _ = resolve(options, download=False)
        create_run(folder, config, space_text=source_text(config.space))
    return run_study(folder, executor=make_executor(1), on_progress=lambda _: None)


def volume(evaluations: Sequence[Evaluation]) -> float:
    """Hypervolume between accuracy and robustness 0 and 1."""
    return archive_hypervolume(evaluations, OBJECTIVES, reference_generation=evaluations) or 0.0


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"
