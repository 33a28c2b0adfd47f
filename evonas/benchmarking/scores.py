"""Scores of a bench: one record per engine, seed and checkpoint, as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from evonas.errors import DataError, show

Measure = Literal["hv_share", "value", "returned"]
MAX_SCORE = 1e300  # larger values would overflow in a variance
MEASURES: tuple[Measure, ...] = ("hv_share", "value", "returned")


@dataclass(frozen=True)
class BenchScore:
    """Score of one engine, one seed, one checkpoint.

    Attributes:
        algorithm: name of the engine.
        seed: seed of the run.
        evaluations: number of distinct architectures evaluated, at most.
        measure: kind of ``score``: a share of the true front's hypervolume, or a value; for a
            bench with noise, the true worth of the returned front.
        score: the score; None if there is none, for instance because all candidates failed.
    """

    algorithm: str
    seed: int
    evaluations: int
    measure: Measure
    score: float | None


def write_scores(records: Iterable[BenchScore], path: Path) -> None:
    """Write a JSON list of objects: ``algorithm, seed, evaluations``, and the measure."""
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
    """Write a JSON list, one object per line; the file is replaced atomically."""
    text = "[\n" + ",\n".join(rows) + "\n]\n"
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read_scores(path: Path) -> list[BenchScore]:
    """Read the records of :func:`write_scores`, or the ``returned`` scores of a noisy bench.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(rows, list):
            raise ValueError(f"expected a list, got {show(rows)}")
        return [_score(row, where=f"record {n}") for n, row in enumerate(rows, start=1)]
    except OSError as problem:
        raise DataError(f"{path}: cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError) as problem:  # RecursionError: deeply nested lists
        raise DataError(f"{path}: not the records of evonas bench: {problem}") from problem


def summary(records: Sequence[BenchScore]) -> dict[str, dict[int, tuple[float, float, int]]]:
    """Return mean, sample standard deviation and number of scores by algorithm and evaluations.

    In the order of the records. Without scores the mean is NaN; with one, the deviation is 0.
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


def _score(row: Any, *, where: str) -> BenchScore:
    """Convert one record; raise ValueError if it is malformed."""
    if not isinstance(row, dict):
        raise ValueError(f"{where}: expected an object, got {show(row)}")
    measures = [name for name in MEASURES if name in row]
    if len(measures) != 1:
        raise ValueError(f"{where}: expected one of {', '.join(MEASURES)}, got {len(measures)}")
    algorithm, score = row.get("algorithm"), row[measures[0]]
    if not isinstance(algorithm, str):
        raise ValueError(f"{where}: algorithm: expected a text, got {show(algorithm)}")
    if score is not None and not _is_number(score):
        raise ValueError(f"{where}: {measures[0]}: expected a finite number, got {show(score)}")
    return BenchScore(
        algorithm,
        _whole_number(row, "seed", at_least=0, where=where),
        _whole_number(row, "evaluations", at_least=1, where=where),
        measures[0],
        None if score is None else float(score),
    )


def _is_number(value: Any) -> bool:
    """Whether the value is a number that a float can hold."""
    return type(value) in (int, float) and abs(value) <= MAX_SCORE  # false for NaN


def _whole_number(row: Mapping[str, Any], name: str, *, at_least: int, where: str) -> int:
    value = row.get(name)
    if type(value) is not int or value < at_least:
        raise ValueError(
            f"{where}: {name}: expected a whole number of at least {at_least}, got {show(value)}"
        )
    return value
