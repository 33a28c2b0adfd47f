"""The candidates of a study as CSV files; the same run gives the same bytes, seconds aside."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from evonas.evaluation.objectives import ALWAYS_MEASURED
from evonas.evaluation.record import Evaluation
from evonas.study.confirmed import Confirmed
from evonas.study.progress import front

FRONT_FILE = "pareto.csv"
CANDIDATES_FILE = "candidates.csv"
FAILURES_FILE = "failures.csv"

# counts are whole numbers in every file, though objectives are measured as floats
_COUNTS = ("params", "flops")


def columns(objectives: Sequence[str], others: Sequence[str] = ()) -> list[str]:
    """The header: key, genome, the objectives asked for, then what is always told.

    Args:
        objectives: asked for.
        others: measured for the sake of a constraint alone.
    """
    names = [*objectives, *ALWAYS_MEASURED, *others]
    return list(dict.fromkeys(["key", "genome", *names, "epochs", "seconds", "seed"]))


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
    others = sorted({name for e in evaluations for name in e.values})
    frame = pd.DataFrame(rows, columns=columns(objectives, others))
    # a column of whole numbers with a gap would otherwise turn into floats
    return frame.astype(dict.fromkeys((*_COUNTS, "epochs", "seed"), "Int64"))


def candidates_table(evaluations: Sequence[Evaluation], objectives: Sequence[str]) -> pd.DataFrame:
    """:func:`table`, with how far each candidate is outside the constraints, and why left out.

    The last column is empty for a candidate that could be on the front, or that failed.
    """
    everything = table(evaluations, objectives)
    everything["violation"] = [e.violation for e in evaluations]
    everything["left_out"] = [e.left_out for e in evaluations]
    return everything


def front_table(
    evaluations: Sequence[Evaluation],
    objectives: Sequence[str],
    confirmed: Mapping[str, Confirmed],
) -> pd.DataFrame:
    """:func:`table` of the front, with what its networks were confirmed by.

    Where something was confirmed there are more columns: ``replicates`` and how many of them
    ``collapsed``, then ``confirmed_*`` and ``test_*`` with their standard errors (``_se``).

    Args:
        evaluations: of the study.
        objectives: of the study.
        confirmed: by key; empty if nothing was confirmed.
    """
    chosen = front(evaluations, objectives)
    frame = table(chosen, objectives)
    if not confirmed:
        return frame
    found = [confirmed.get(e.key) for e in chosen]
    for name in ("replicates", "collapsed"):
        counts = [getattr(c, name) if c else pd.NA for c in found]
        frame[name] = pd.Series(counts, index=frame.index, dtype="Int64")
    for name in dict.fromkeys(name for c in confirmed.values() for name in c.means):
        column = name if name.startswith("test_") else f"confirmed_{name}"
        frame[column] = [c.means.get(name) if c else None for c in found]
        frame[f"{column}_se"] = [c.errors.get(name) if c else None for c in found]
    return frame


def write_tables(
    folder: Path,
    evaluations: Sequence[Evaluation],
    objectives: Sequence[str],
    confirmed: Mapping[str, Confirmed] | None = None,
) -> None:
    """Write ``pareto.csv``, ``candidates.csv`` and, when something failed, ``failures.csv``."""
    _write(front_table(evaluations, objectives, confirmed or {}), folder / FRONT_FILE)
    _write(candidates_table(evaluations, objectives), folder / CANDIDATES_FILE)
    failed = [(e.key, e.genome, e.failure) for e in evaluations if e.failure is not None]
    if failed:
        _write(pd.DataFrame(failed, columns=["key", "genome", "failure"]), folder / FAILURES_FILE)


def _write(frame: pd.DataFrame, path: Path) -> None:
    temporary = path.with_suffix(".tmp")
    frame.to_csv(temporary, index=False)
    temporary.replace(path)  # a reader sees the old table or the new one, never half of one
