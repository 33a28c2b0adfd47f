"""The candidates of a study as CSV files; the same run gives the same bytes, seconds aside."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.objectives import ALWAYS_MEASURED
from evonas.report.controls.twin import Differences
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmed import Confirmed
from evonas.study.results.ties import ties

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
    known = [f"{name}_{kind}" for kind in ("se", "mean") for name in objectives]
    counts = ["replicates", "collapsed", "p_front"]
    return list(
        dict.fromkeys(["key", "genome", *names, "epochs", "seconds", "seed", *known, *counts])
    )


def table(candidates: Sequence[Candidate], objectives: Sequence[str]) -> pd.DataFrame:
    """One row for each candidate; what a failed one could not measure stays empty.

    After the values come, for each objective, the standard error (``_se``) and the plain mean of
    the trainings (``_mean``); then the number of ``replicates`` and how many of them
    ``collapsed``, and ``p_front``.
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
    # a column of whole numbers with a gap would otherwise turn into floats
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
    """:func:`table`, with how far each candidate is outside the constraints, and why left out.

    ``left_out`` is empty for a candidate that could be on the front, or that failed. Where memory
    ran out for some, ``smaller_batch`` is the batch that each of these was trained with in the
    place of the study's; it is empty for the others. Confirmations and twins come last, as in
    :func:`front_table`.
    """
    everything = table(candidates, objectives)
    everything["violation"] = [c.violation for c in candidates]
    everything["left_out"] = [c.left_out for c in candidates]
    everything = _with_batches(everything, candidates)
    everything = _with_audits(everything, candidates, audited)
    everything = _with_confirmations(everything, candidates, confirmed)
    return _with_twins(everything, candidates, twins)


def front_table(
    candidates: Sequence[Candidate],
    objectives: Sequence[str],
    confirmed: Mapping[str, Confirmed],
    *,
    audited: Mapping[str, LevelOne] = MappingProxyType({}),
    twins: Mapping[str, Differences] = MappingProxyType({}),
) -> pd.DataFrame:
    """:func:`table` of the front, with who is level with whom and what was confirmed.

    ``ties`` names the others on the front from which a network cannot be told: in no objective do
    they differ by more than two standard errors. Where something was confirmed there are more
    columns: ``confirmations`` and how many of them ``confirmed_collapsed``, then ``confirmed_*``
    and ``test_*`` with their standard errors (``_se``). Where the front was audited there are
    ``robust_l1``, what is left under the attacks of level 1 too, and ``masking``, the flags.
    Where the ``bp`` twin of a network was
    trained, ``*_minus_bp`` is the network minus its twin, with the standard error of training
    (``_se``): both are measured on the same images.

    Args:
        candidates: candidates of the study.
        objectives: objectives of the study.
        confirmed: by key; empty if nothing was confirmed.
        audited: by key; empty if nothing was audited.
        twins: by key, how far a network is from its ``bp`` twin.
    """
    chosen = front(candidates, objectives)
    frame = table(chosen, objectives)
    level = ties(chosen, objectives)
    frame["ties"] = [" ".join(level[c.key]) for c in chosen]
    frame = _with_batches(frame, chosen)
    frame = _with_audits(frame, chosen, audited)
    frame = _with_confirmations(frame, chosen, confirmed)
    return _with_twins(frame, chosen, twins)


def _with_batches(frame: pd.DataFrame, rows: Sequence[Candidate]) -> pd.DataFrame:
    """The batch of those whose training ran out of memory at the study's; empty for the others."""
    found = [min((t.batch for t in c.trainings if t.batch), default=None) for c in rows]
    if not any(found):
        return frame
    return frame.assign(smaller_batch=pd.Series(found, index=frame.index, dtype="Int64"))


def _with_audits(
    frame: pd.DataFrame, rows: Sequence[Candidate], audited: Mapping[str, LevelOne]
) -> pd.DataFrame:
    """What harder attacks leave, and the flags of those whose gradient misleads attacks."""
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
    temporary = path.with_suffix(".tmp")
    frame.to_csv(temporary, index=False)
    temporary.replace(path)  # a reader sees the old table or the new one, never half of one
