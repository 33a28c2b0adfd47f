"""The results of a bench: one record for each engine, seed and checkpoint, as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from evonas.errors import DataError

Measure = Literal["hv_share", "value", "returned"]
MEASURES: tuple[Measure, ...] = ("hv_share", "value", "returned")


@dataclass(frozen=True)
class BenchScore:
    """One engine, one seed, one checkpoint.

    Attributes:
        algorithm: name of the engine.
        seed: it was run with.
        evaluations: distinct architectures it had evaluated, at most.
        measure: what ``score`` is: a share of the true front's hypervolume, or a value; of a
            bench with noise, the true worth of what was returned.
        score: None when there is none, for instance because all candidates failed.
    """

    algorithm: str
    seed: int
    evaluations: int
    measure: Measure
    score: float | None


def write_scores(records: Iterable[BenchScore], path: Path) -> None:
    """A JSON list of objects: ``algorithm, seed, evaluations``, and ``hv_share`` or ``value``."""
    rows = [
        {
            "algorithm": record.algorithm,
            "seed": record.seed,
            "evaluations": record.evaluations,
            record.measure: record.score,
        }
        for record in records
    ]
    write_rows([json.dumps(row) for row in rows], path)


def write_rows(rows: Sequence[str], path: Path) -> None:
    """A JSON list, an object a line, put in place of the file at once."""
    text = "[\n" + ",\n".join(rows) + "\n]\n"
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read_scores(path: Path) -> list[BenchScore]:
    """What :func:`write_scores` wrote, or of a bench with noise what was ``returned``.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        return [_score(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from problem
    except (ValueError, TypeError, KeyError) as problem:
        raise DataError(f"{path}: not the records of evonas bench: {problem}") from problem


def summary(records: Sequence[BenchScore]) -> dict[str, dict[int, tuple[float, float, int]]]:
    """By algorithm and evaluations: mean, standard deviation (of a sample) and number of scores.

    In the order of the records; without a score the mean is NaN, and with one the deviation is 0.
    """
    scores: dict[str, dict[int, list[float]]] = {}
    for record in records:
        told = scores.setdefault(record.algorithm, {}).setdefault(record.evaluations, [])
        if record.score is not None:
            told.append(record.score)
    return {
        name: {count: _moments(told) for count, told in by_count.items()}
        for name, by_count in scores.items()
    }


def _moments(scores: Sequence[float]) -> tuple[float, float, int]:
    if not scores:
        return float("nan"), float("nan"), 0
    return mean(scores), stdev(scores) if len(scores) > 1 else 0.0, len(scores)


def _score(row: Mapping[str, Any]) -> BenchScore:
    (measure,) = [name for name in MEASURES if name in row]
    score = row[measure]
    return BenchScore(
        str(row["algorithm"]),
        int(row["seed"]),
        int(row["evaluations"]),
        measure,
        None if score is None else float(score),
    )
