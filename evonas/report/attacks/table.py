"""Accuracy of a network under attack, as a table, a CSV file and a JSON file."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from evonas.evaluation.attacks.battery.outcome import Outcome, worst_cases
from evonas.evaluation.attacks.masking.report import Masking
from evonas.report.formulas import without_formulas
from evonas.study.weights import write_whole

TABLE_FILE = "attacks.csv"
JSON_FILE = "attacks.json"


def attack_table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row for each attack, radius and gradient, followed by the worst case of each radius.

    ``accuracy`` is the share of ``images`` that are still classified correctly, with its standard
    error ``se`` and its 95 % interval from ``low`` to ``high`` (Wilson); ``clean`` is the accuracy
    without attack. Rows with ``masked`` followed the rules' own backward pass and do not measure
    robustness.

    Args:
        outcomes: outcomes of attacks on one network.
    """
    worst = {each.epsilon: each for each in worst_cases(outcomes)}
    radii = list(dict.fromkeys(each.epsilon for each in outcomes))
    ordered = [
        each
        for epsilon in radii
        for each in (
            *(o for o in outcomes if o.epsilon == epsilon),
            *((worst[epsilon],) if epsilon in worst else ()),
        )
    ]
    return pd.DataFrame(
        [
            {
                "epsilon": each.epsilon,
                "attack": each.attack,
                "gradient": each.gradient,
                "masked": each.is_masked,
                "accuracy": each.accuracy,
                "se": each.standard_error,
                "low": each.interval[0],
                "high": each.interval[1],
                "clean": each.clean,
                "images": each.num_images,
                "seconds": round(each.seconds, 3),
                "note": each.note,
            }
            for each in ordered
        ]
    )


def write_attacks(
    folder: Path,
    outcomes: Sequence[Outcome],
    masking: Mapping[str, Masking],
    *,
    about: Mapping[str, Any],
) -> None:
    """Write ``attacks.csv`` and ``attacks.json``.

    Args:
        folder: folder of the files; created if it is missing.
        outcomes: outcomes of attacks on one network.
        masking: masking diagnostics, keyed by radius as text.
        about: description of network and attacks, for the JSON file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = attack_table(outcomes)
    write_whole(folder / TABLE_FILE, without_formulas(table).to_csv(index=False).encode())
    document = {
        **about,
        "attacks": json.loads(table.to_json(orient="records")),
        "masking": {epsilon: each.as_document() for epsilon, each in masking.items()},
    }
    text = json.dumps(document, indent=1, allow_nan=False)
    write_whole(folder / JSON_FILE, f"{text}\n".encode())
