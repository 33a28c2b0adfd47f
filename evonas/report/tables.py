"""Write the candidates of a study as CSV files, deterministic to the byte except for durations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.objectives import ALWAYS_MEASURED
from evonas.report.controls.twin import Differences
from evonas.report.formulas import without_formulas
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.ties import ties
from evonas.study.weights import write_whole

FRONT_FILE = "pareto.csv"
CANDIDATES_FILE = "candidates.csv"
FAILURES_FILE = "failures.csv"

# counts are written as integers, although objectives are measured as floats
_COUNTS = ("params", "flops")


def columns(objectives: Sequence[str], others: Sequence[str] = ()) -> list[str]:
    """The header: key, genome, the requested objectives, then columns that are always present.

    Args:
        objectives: requested objectives.
        others: values measured only because of a constraint.
    """
    names = [*objectives, *ALWAYS_MEASURED, *others]
    known = [f"{name}_{kind}" for kind in ("se", "mean") for name in objectives]
    counts = ["replicates", "collapsed", "p_front"]
    return list(
        dict.fromkeys(["key", "genome", *names, "epochs", "seconds", "seed", *known, *counts])
    )


def table(candidates: Sequence[Candidate], objectives: Sequence[str]) -> pd.DataFrame:
    """One row per candidate; values that a failed one could not measure are empty.

    After the values come, for each objective, the standard error (``_se``) and the plain mean of
    the trainings (``_mean``), then the number of ``replicates``, how many of them ``collapsed``,
    and ``p_front``.
    """
    rows = [
        {
            "key": c.key,
            "genome": c.genome,
            **{name: int(v) if name in _COUNTS else v for name, v in c.values.items()},
            "epochs": c.representative.epochs,
            "seconds": round(c.seconds, 3),
            "seed": c.representative.seed,
            **{f"{name}_se": c.errors.get(name) for name in objectives},
            **{f"{name}_mean": c.means.get(name) for name in objectives},
            "replicates": c.replicates,
            "collapsed": c.collapsed,
            "p_front": c.p_front,
        }
        for c in candidates
    ]
    others = sorted({name for c in candidates for name in c.values})
    frame = pd.DataFrame(rows, columns=columns(objectives, others))
    numbers = [f"{name}_{kind}" for name in objectives for kind in ("se", "mean")]
    # otherwise integer columns with missing values would turn into floats
    kinds = dict.fromkeys((*_COUNTS, "epochs", "seed", "replicates", "collapsed"), "Int64")
    return frame.astype(kinds | dict.fromkeys((*numbers, "p_front"), float))


def candidates_table(
    candidates: Sequence[Candidate],
    objectives: Sequence[str],
    confirmed: Mapping[str, Confirmed],
    *,
    audited: Mapping[str, LevelOne] = MappingProxyType({}),
    twins: Mapping[str, Differences] = MappingProxyType({}),
) -> pd.DataFrame:
    """:func:`table`, with the constraint violation of each candidate and why it was left out.

    ``left_out`` is empty for a candidate that could be on the front, or that failed. If some
    candidates ran out of memory, ``smaller_batch`` is the batch size with which they were trained
    instead of the study's; it is empty for the others. Confirmations and twins come last, as in
    :func:`front_table`.
    """
    everything = table(candidates, objectives)
    everything["violation"] = [c.violation for c in candidates]
    everything["left_out"] = [c.left_out for c in candidates]
    return _with_columns_of_some(everything, candidates, confirmed, audited, twins)


def front_table(
    candidates: Sequence[Candidate],
    objectives: Sequence[str],
    confirmed: Mapping[str, Confirmed],
    *,
    audited: Mapping[str, LevelOne] = MappingProxyType({}),
    twins: Mapping[str, Differences] = MappingProxyType({}),
) -> pd.DataFrame:
    """:func:`table` of the front, with ties, confirmations, audits and ``bp`` twins.

    ``ties`` lists the other networks on the front that cannot be distinguished from a network: in
    no objective do they differ by more than two standard errors. If networks were confirmed, there
    are more columns: ``confirmations`` and how many of them ``confirmed_collapsed``, then
    ``confirmed_*`` and ``test_*`` with their standard errors (``_se``). If the front was audited,
    ``robust_l1`` is the accuracy that remains also under the attacks of level 1, and ``masking``
    has the flags. If the ``bp`` twin of a network was trained, ``*_minus_bp`` is the network minus
    its twin, with the standard error of training (``_se``): both are measured on the same images.

    Args:
        candidates: candidates of the study.
        objectives: objectives of the study.
        confirmed: confirmations, keyed by candidate; empty if nothing was confirmed.
        audited: audits, keyed by candidate; empty if nothing was audited.
        twins: differences between networks and their ``bp`` twins, keyed by candidate.
    """
    chosen = front(candidates, objectives)
    frame = table(chosen, objectives)
    level = ties(chosen, objectives)
    frame["ties"] = [" ".join(level[c.key]) for c in chosen]
    return _with_columns_of_some(frame, chosen, confirmed, audited, twins)


def _with_columns_of_some(
    frame: pd.DataFrame,
    rows: Sequence[Candidate],
    confirmed: Mapping[str, Confirmed],
    audited: Mapping[str, LevelOne],
    twins: Mapping[str, Differences],
) -> pd.DataFrame:
    """Add what only some runs have: smaller batches, audits, confirmations and twins."""
    frame = _with_batches(frame, rows)
    frame = _with_audits(frame, rows, audited)
    frame = _with_confirmations(frame, rows, confirmed)
    return _with_twins(frame, rows, twins)


def _with_batches(frame: pd.DataFrame, rows: Sequence[Candidate]) -> pd.DataFrame:
    """Add the batch size of candidates that ran out of memory; empty for the others."""
    found = [min((t.batch for t in c.trainings if t.batch), default=None) for c in rows]
    if not any(found):
        return frame
    return frame.assign(smaller_batch=pd.Series(found, index=frame.index, dtype="Int64"))


def _with_audits(
    frame: pd.DataFrame, rows: Sequence[Candidate], audited: Mapping[str, LevelOne]
) -> pd.DataFrame:
    """Add accuracies under stronger attacks, and flags of networks with masked gradients."""
    if not audited:
        return frame
    found = [audited.get(c.key) for c in rows]
    left = [each.worst_case if each else None for each in found]
    return frame.assign(
        robust_l1=pd.Series(left, index=frame.index, dtype=float),
        masking=[" ".join(each.flags) if each else "" for each in found],
    )


def _with_confirmations(
    frame: pd.DataFrame, rows: Sequence[Candidate], confirmed: Mapping[str, Confirmed]
) -> pd.DataFrame:
    if not confirmed:
        return frame
    found = [confirmed.get(c.key) for c in rows]
    counts = {
        "confirmations": [c.replicates if c else pd.NA for c in found],
        "confirmed_collapsed": [c.collapsed if c else pd.NA for c in found],
    }
    added = {
        name: pd.Series(values, index=frame.index, dtype="Int64")
        for name, values in counts.items()
    }
    for name in dict.fromkeys(name for c in confirmed.values() for name in c.means):
        column = name if name.startswith("test_") else f"confirmed_{name}"
        for suffix, values in (
            ("", [c.means.get(name) if c else None for c in found]),
            ("_se", [c.errors.get(name) if c else None for c in found]),
        ):
            added[column + suffix] = pd.Series(values, index=frame.index, dtype=float)
    return frame.assign(**added)


def _with_twins(
    frame: pd.DataFrame, rows: Sequence[Candidate], twins: Mapping[str, Differences]
) -> pd.DataFrame:
    added = {}
    for name in dict.fromkeys(name for differences in twins.values() for name in differences):
        found = [twins.get(c.key, {}).get(name) for c in rows]
        for suffix, values in (
            ("", [each.mean if each else None for each in found]),
            ("_se", [each.error if each else None for each in found]),
        ):
            added[f"{name}_minus_bp{suffix}"] = pd.Series(values, index=frame.index, dtype=float)
    return frame.assign(**added)


def write_tables(
    folder: Path,
    candidates: Sequence[Candidate],
    objectives: Sequence[str],
    confirmed: Mapping[str, Confirmed] = MappingProxyType({}),
    audited: Mapping[str, LevelOne] = MappingProxyType({}),
    twins: Mapping[str, Differences] = MappingProxyType({}),
) -> None:
    """Write ``pareto.csv``, ``candidates.csv`` and, when something failed, ``failures.csv``."""
    returned = front_table(candidates, objectives, confirmed, audited=audited, twins=twins)
    _write(returned, folder / FRONT_FILE)
    everything = candidates_table(candidates, objectives, confirmed, audited=audited, twins=twins)
    _write(everything, folder / CANDIDATES_FILE)
    failed = [
        (training.key, training.genome, training.replicate, training.failure)
        for candidate in candidates
        for training in candidate.trainings
        if training.failure is not None
    ]
    if failed:
        columns = ["key", "genome", "replicate", "failure"]
        _write(pd.DataFrame(failed, columns=columns), folder / FAILURES_FILE)


def _write(frame: pd.DataFrame, path: Path) -> None:
    write_whole(path, without_formulas(frame).to_csv(index=False).encode())
