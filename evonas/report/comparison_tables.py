"""Write a comparison of runs as CSV files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from evonas.benchmarking.comparison import Comparison
from evonas.report.formulas import without_formulas
from evonas.study.weights import write_whole

RUNS_FILE = "runs.csv"
GROUPS_FILE = "groups.csv"
TESTS_FILE = "tests.csv"
TRAJECTORIES_FILE = "trajectories.csv"
ATTAINMENT_FILE = "attainment.csv"


def write_comparison(
    comparison: Comparison, folder: Path, *, objectives: tuple[str, ...], signs: tuple[float, ...]
) -> list[Path]:
    """Write the results of each run and all tables that are printed.

    Args:
        comparison: comparison of runs or of benches.
        folder: folder of the files; created if it is missing.
        objectives: column names of an attainment surface.
        signs: -1 for each maximised objective, else 1, so that values are written as measured.

    Returns:
        The paths of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs = [{"group": r.label, "run": r.name, **r.measures} for r in comparison.runs]
    trajectories = [
        {"group": run.label, "run": run.name, "evaluations": count, comparison.score: score}
        | ({} if run.seconds is None else {"seconds": round(run.seconds[i], 3)})
        for run in comparison.runs
        for i, (count, score) in enumerate(zip(run.evaluations, run.trajectory, strict=True))
    ]
    surfaces = [
        {"group": label}
        | {name: s * v for name, s, v in zip(objectives, signs, corner, strict=True)}
        for label, surface in comparison.surfaces.items()
        for corner in surface
    ]
    tables: dict[str, Sequence[Mapping[str, object]]] = {
        RUNS_FILE: runs,
        GROUPS_FILE: [asdict(row) for row in comparison.summaries()],
        TESTS_FILE: [asdict(row) for row in comparison.tests()],
        TRAJECTORIES_FILE: trajectories,
        ATTAINMENT_FILE: surfaces,
    }
    written = []
    for name, rows in tables.items():
        if rows:
            text = without_formulas(pd.DataFrame(rows)).to_csv(index=False)
            write_whole(folder / name, text.encode())
            written.append(folder / name)
    return written
