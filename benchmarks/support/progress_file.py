"""A CSV file with one row for each finished case, so that an interrupted script can continue."""

import csv
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Case = TypeVar("Case", bound="DataclassInstance")
Outcome = TypeVar("Outcome", bound="DataclassInstance")


def read_progress(path: Path, case: type[Case], outcome: type[Outcome]) -> dict[Case, Outcome]:
    """The finished cases and their outcomes; empty if the file does not exist.

    Args:
        path: path of the file.
        case: frozen dataclass whose fields are texts or numbers.
        outcome: such a dataclass with different fields.
    """
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {
            case(**_typed(row, case)): outcome(**_typed(row, outcome))
            for row in csv.DictReader(file)
        }


def append_progress(path: Path, case: "DataclassInstance", outcome: "DataclassInstance") -> None:
    """Append a finished case."""
    row = asdict(case) | asdict(outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def _typed(row: Mapping[str, str], kind: type) -> dict[str, Any]:
    return {name: of(row[name]) for name, of in get_type_hints(kind).items()}
