"""Read the learning curves of ``evonas train``, also while a training is in progress."""

import csv
from dataclasses import dataclass
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.final.final_training import EpochRecord
from evonas.study.final.result import FinalResult, read_result
from evonas.study.final.run import CURVE_FILE

FINAL_FOLDER = "final"


@dataclass(frozen=True)
class FinalCurve:
    """One seed of a final training.

    Attributes:
        name: name of its network and seed, unique in the run.
        epochs: records of the completed epochs.
        result: result of the training; None until it has ended.
    """

    name: str
    epochs: tuple[EpochRecord, ...]
    result: FinalResult | None


def final_curves(folder: Path) -> list[FinalCurve]:
    """The final trainings of the run in ``folder``, sorted by name.

    Raises:
        StorageError: a file is damaged.
    """
    found = []
    for place in sorted((folder / FINAL_FOLDER).glob("*/seed-*/")):
        result = read_result(place)
        epochs = result.epochs if result is not None else _epochs(place / CURVE_FILE)
        found.append(FinalCurve(f"{place.parent.name}-{place.name}", epochs, result))
    return found


def _epochs(path: Path) -> tuple[EpochRecord, ...]:
    if not path.exists():
        return ()
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(
                EpochRecord(
                    epoch=int(row["epoch"]),
                    learning_rate=float(row["learning_rate"]),
                    loss=float(row["loss"]),
                    validation=float(row["validation"]) if row["validation"] else None,
                    seconds=float(row["seconds"]),
                )
                for row in csv.DictReader(file)
            )
    except (ValueError, KeyError, TypeError) as problem:
        raise StorageError(f"{path}: damaged ({problem}); remove it") from problem
