"""Searches of NAS-Bench-201 on scikit-learn's digits, for scripts that compare searches."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evonas.api.searching import new_study
from evonas.study.config import CONFIG_FILE
from evonas.study.executors.make import make_executor
from evonas.study.results.progress import archive_hypervolume
from evonas.study.results.result import StudyResult
from evonas.study.results.vectors import Measured
from evonas.study.run import run_study

OBJECTIVES = ("acc", "robust")
POPULATION = 20
OPTIONS: Mapping[str, Any] = {
    "space": "nas-bench-201",
    "objectives": OBJECTIVES,
    "algorithm": "nsga2",
    "population": POPULATION,
    "device": "cpu",
    "replicates": "1",
    "confirm": 0,
}
"""Common settings, by name; scripts add their own."""


def search(folder: Path, options: Mapping[str, Any]) -> StudyResult:
    """Run or resume the search in ``folder``, in this process."""
    if not (folder / CONFIG_FILE).exists():
        # each seed has its own split, as in the published tables
        new_study(out=folder, **{"split_seed": options["seed"], **options})
    return run_study(folder, executor=make_executor(1), on_progress=lambda _: None)


def volume(evaluations: Sequence[Measured]) -> float:
    """Hypervolume of the archive, for accuracy and robustness from 0 to 1."""
    return archive_hypervolume(evaluations, OBJECTIVES, reference_generation=evaluations) or 0.0


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean and standard deviation over the seeds; the mean alone for one seed."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{statistics.mean(values):.{digits}f} ± {statistics.stdev(values):.{digits}f}"
