"""A table of architectures that somebody trained before: one row each, values in columns."""

import csv
import gzip
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from evonas.errors import DataError
from evonas.registry import suggestion

ARCHITECTURE = "arch"


@dataclass(frozen=True)
class Row:
    """One architecture.

    Attributes:
        where: file and line, for messages.
        arch: as the search space writes it, without rules.
        values: by column; None where the cell is empty: that was not measured.
    """

    where: str
    arch: str
    values: dict[str, float | None]


def read_table(path: Path, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file with a header, also one packed by gzip (``.gz``).

    Args:
        path: of the file; it has a column ``arch``.
        columns: to read, besides.

    Raises:
        DataError: the file cannot be read, lacks a column, or holds something else than numbers.
    """
    try:
        with _opened(path) as file:
            return list(_rows(csv.DictReader(file), columns, path=path))
    except OSError as problem:  # gzip's complaint about a file that is none is one too
        raise DataError(f"{path}: cannot be read: {problem.strerror or problem}") from problem
    except (UnicodeDecodeError, csv.Error, EOFError) as problem:
        raise DataError(f"{path}: not a table as CSV: {problem}") from problem


def check_columns(columns: Sequence[str], known: Sequence[str], *, where: str) -> None:
    """Refuse a column that a table does not have.

    Raises:
        DataError: the first one missing, with a suggestion.
    """
    for name in columns:
        if name not in known:
            raise DataError(
                f"{where}: no column '{name}'{suggestion(name, known)} (known: {', '.join(known)})"
            )


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(reader: "csv.DictReader[str]", columns: Sequence[str], *, path: Path) -> Iterable[Row]:
    check_columns((ARCHITECTURE, *columns), reader.fieldnames or (), where=str(path))
    for record in reader:
        where = f"{path}, line {reader.line_num}"
        if any(record[name] is None for name in (ARCHITECTURE, *columns)):
            raise DataError(f"{where}: fewer cells than the header has names")
        values = {name: _number(record[name], where=f"{where}, {name}") for name in columns}
        yield Row(where, record[ARCHITECTURE], values)


def _number(text: str, *, where: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{where}: expected a finite number or an empty cell, got '{text}'")
    return number
