"""The candidates of a study as CSV files; the same run gives the same bytes, seconds aside."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evonas.evaluation.evaluate import Evaluation
from evonas.evaluation.objectives import ALWAYS_MEASURED
from evonas.study import front

FRONT_FILE = "pareto.csv"
CANDIDATES_FILE = "candidates.csv"
FAILURES_FILE = "failures.csv"

# counts are whole numbers in every file, though objectives are measured as floats
_COUNTS = ("params", "flops")


def columns(objectives: Sequence[str]) -> list[str]:
    """The header: key, genome, the objectives asked for, then what is always told."""
    names = ["key", "genome", *objectives, *ALWAYS_MEASURED, "epochs", "seconds", "seed"]
    return list(dict.fromkeys(names))


def table(evaluations: Sequence[Evaluation], objectives: Sequence[str]) -> pd.DataFrame:
    """One row for each evaluation; what a failed candidate could not measure stays empty."""
    rows = [
        {
            "key": e.key,
            "genome": e.genome,
            **{name: int(v) if name in _COUNTS else v for name, v in e.values.items()},
            "epochs": e.epochs,
            "seconds": round(e.seconds, 3),
            "seed": e.seed,
        }
        for e in evaluations
    ]
    frame = pd.DataFrame(rows, columns=columns(objectives))
    # a column of whole numbers with a gap would otherwise turn into floats
    return frame.astype(dict.fromkeys((*_COUNTS, "epochs", "seed"), "Int64"))


def write_tables(
    folder: Path, evaluations: Sequence[Evaluation], objectives: Sequence[str]
) -> None:
    """Write ``pareto.csv``, ``candidates.csv`` and, when something failed, ``failures.csv``."""
    _write(table(front(evaluations, objectives), objectives), folder / FRONT_FILE)
    _write(table(evaluations, objectives), folder / CANDIDATES_FILE)
    failed = [(e.key, e.genome, e.failure) for e in evaluations if e.failure is not None]
    if failed:
        _write(pd.DataFrame(failed, columns=["key", "genome", "failure"]), folder / FAILURES_FILE)


def _write(frame: pd.DataFrame, path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    frame.to_csv(temporary, index=False)
    temporary.replace(path)  # a reader sees the old table or the new one, never half of one
