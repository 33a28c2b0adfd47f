"""Tables of architectures with known results: one row each, values in columns."""

import csv
import gzip
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from evonas.errors import DataError
from evonas.registry import suggestion

ARCHITECTURE = "arch"


@dataclass(frozen=True)
class Row:
    """One architecture of a table.

    Attributes:
        where: file and line, for messages.
        arch: text of the architecture, as in the search space, without rules.
        values: values by column; None for an empty cell, which was not measured.
    """

    where: str
    arch: str
    values: dict[str, float | None]


def read_table(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read the rows of a CSV file with a header, optionally compressed by gzip (``.gz``).

    Args:
        path: path of the file, which has a column ``arch``.
        columns: other columns to read.

    Raises:
        DataError: the file cannot be read, lacks a column, or has cells that are not numbers.
    """
    rows = read_numbers(path, columns, texts=(ARCHITECTURE,))
    return [Row(where, texts[ARCHITECTURE], values) for where, texts, values in rows]


def read_numbers(
    path: Path, columns: Sequence[str], *, texts: Sequence[str] = ()
) -> list[tuple[str, dict[str, str], dict[str, float | None]]]:
    """Read columns of a CSV file with a header, optionally compressed by gzip.

    Args:
        path: path of the file.
        columns: numeric columns.
        texts: text columns.

    Returns:
        For each row ``file:line``, its texts, and its numbers, None for empty cells.

    Raises:
        DataError: the file cannot be read, names a column twice, lacks one, has a row whose length
            differs from the header's, or has cells that are not numbers.
    """
    try:
        with _opened(path) as file:
            return list(_rows(csv.reader(file), columns, texts, path=path))
    except OSError as problem:  # includes gzip's error for a file that is not compressed
        raise DataError(f"{path}: cannot be read: {problem.strerror or problem}") from problem
    except (UnicodeDecodeError, csv.Error, EOFError) as problem:
        raise DataError(f"{path}: not a table as CSV: {problem}") from problem


def check_columns(columns: Sequence[str], known: Sequence[str], *, where: str) -> None:
    """Reject a column that a table does not have.

    Raises:
        DataError: a column is missing; the message names the first, with a suggestion.
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


def _rows(
    reader: Any, columns: Sequence[str], texts: Sequence[str], *, path: Path
) -> Iterable[tuple[str, dict[str, str], dict[str, float | None]]]:
    header: list[str] = next(reader, [])
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"{path}:1: column '{name}' occurs {header.count(name)} times")
    check_columns((*texts, *columns), header, where=str(path))
    for cells in reader:
        where = f"{path}:{reader.line_num}"
        if not cells:
            continue  # an empty line
        if len(cells) != len(header):
            raise DataError(
                f"{where}: expected {len(header)} cells, as in the header, got {len(cells)}"
            )
        record = dict(zip(header, cells, strict=True))
        values = {name: _number(record[name], where=f"{where}: {name}") for name in columns}
        yield where, {name: record[name] for name in texts}, values


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
