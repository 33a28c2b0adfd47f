"""Write ``controls.csv`` and ``controls.json`` of a network; deterministic to the byte."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from evonas.evaluation.record import Evaluation
from evonas.report.controls.comparison import Comparison
from evonas.report.controls.paired import Estimate
from evonas.report.controls.verdict import sentences, verdict
from evonas.report.formulas import without_formulas
from evonas.study.controls.names import CONTROLS_FOLDER, group_of
from evonas.study.results.confirmed import trained_values
from evonas.study.weights import write_whole

TABLE_FILE = "controls.csv"
JSON_FILE = "controls.json"
PICTURE_FILE = "controls.png"
FORMAT = "evonas-controls-1"
COLUMNS = [
    "measure", "control", "group", "members", "trainings", "failed", "collapsed", "mean",
    "mean_low", "mean_high", "difference", "difference_se", "difference_low", "difference_high",
    "pairs", "p_t", "p_t_holm", "p_sign_flip", "p_sign_flip_holm", "verdict", "params", "bio",
    "network",
]  # fmt: skip
_NOTHING = Estimate(*[None] * 5)  # type: ignore[arg-type]


def controls_folder(folder: Path, key: str) -> Path:
    """Folder of the tables of a network's controls."""
    return folder / CONTROLS_FOLDER / key


def controls_table(
    comparisons: Sequence[Comparison], trainings: Mapping[str, Sequence[Evaluation]]
) -> pd.DataFrame:
    """One row for each control in each measure, and for each member of a group.

    Args:
        comparisons: result of :func:`evonas.report.controls.comparison.compare_controls`.
        trainings: the trainings that were compared.
    """
    frame = pd.DataFrame([_row(each, trainings) for each in comparisons], columns=COLUMNS)
    return frame.astype(dict.fromkeys(("params", "pairs"), "Int64"))


def write_tables(
    folder: Path,
    key: str,
    comparisons: Sequence[Comparison],
    trainings: Mapping[str, Sequence[Evaluation]],
) -> None:
    """Write both files into ``folder/controls/key/``.

    Args:
        folder: folder of the run.
        key: key of the network.
        comparisons: comparisons with its controls.
        trainings: the trainings that were compared.
    """
    home = controls_folder(folder, key)
    home.parent.mkdir(exist_ok=True)
    table = without_formulas(controls_table(comparisons, trainings))
    write_whole(home / TABLE_FILE, table.to_csv(index=False).encode())
    document = {
        "format": FORMAT,
        "key": key,
        "verdict": sentences(comparisons),
        "comparisons": [asdict(each) | {"verdict": verdict(each)} for each in comparisons],
        "trainings": {name: [_training(e) for e in some] for name, some in trainings.items()},
    }
    text = json.dumps(document, indent=1, allow_nan=False)
    write_whole(home / JSON_FILE, text.encode())


def _row(each: Comparison, trainings: Mapping[str, Sequence[Evaluation]]) -> dict[str, Any]:
    own, difference = each.own or _NOTHING, each.difference or _NOTHING
    alone = trainings.get(each.control)
    values = alone[0].values if alone else {}
    return {
        "measure": each.measure,
        "control": each.control,
        "group": group_of(each.control) if each.is_member else "",
        "members": each.members,
        "trainings": each.trainings,
        "failed": each.failed,
        "collapsed": each.collapsed,
        "mean": own.mean,
        "mean_low": own.low,
        "mean_high": own.high,
        "difference": difference.mean,
        "difference_se": difference.error,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "pairs": each.pairs,
        "p_t": difference.p,
        "p_t_holm": each.p_holm,
        "p_sign_flip": each.p_flipped,
        "p_sign_flip_holm": each.p_flipped_holm,
        "verdict": verdict(each),
        "params": int(values["params"]) if "params" in values else None,
        "bio": values.get("bio"),
        "network": alone[0].genome if alone else "",
    }


def _training(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "replicate": evaluation.replicate,
        "seed": evaluation.seed,
        "network": evaluation.genome,
        "values": trained_values(evaluation),
        "weights_by_rule": evaluation.weights_by_rule,
        "learned": evaluation.learned,
        "failure": evaluation.failure,
    }
