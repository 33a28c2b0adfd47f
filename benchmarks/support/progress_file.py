"""A CSV file with one row for each finished case, so that an interrupted script can continue.

Settings that are no part of a case are stored beside it.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from evonas.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SETTINGS = "settings.json"
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
    with path.open(encoding="utf-8", newline="") as file:
        return {
            case(**_typed(row, case)): outcome(**_typed(row, outcome))
            for row in csv.DictReader(file)
        }


def append_progress(path: Path, case: "DataclassInstance", outcome: "DataclassInstance") -> None:
    """Append a finished case."""
    row = asdict(case) | asdict(outcome)
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def keep_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    """Store the settings of all cases in a folder, or compare them with those stored before.

    Args:
        folder: folder of the cases; it is made if it does not exist.
        settings: texts, numbers and None, by name.

    Raises:
        ConfigError: the folder holds cases with other settings.
    """
    path = folder / SETTINGS
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    stored = json.loads(path.read_text(encoding="utf-8"))
    other = [name for name, value in settings.items() if stored.get(name) != value]
    if other:
        found, given = (
            ", ".join(f"{n} {each.get(n)}" for n in other) for each in (stored, settings)
        )
        raise ConfigError(f"{folder}: holds results with {found}, got {given}; use another folder")


def _typed(row: Mapping[str, str], kind: type) -> dict[str, Any]:
    return {name: of(row[name]) for name, of in get_type_hints(kind).items()}
