"""The files that ``evonas init`` writes."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from evonas.api.starting.run_text import run_text
from evonas.errors import ConfigError
from evonas.space.json_schema.schema import space_schema

SPACE_FILE, SCHEMA_FILE, RUN_FILE = "space.yaml", "search-space.schema.json", "run.yaml"
CHOSEN = {
    "space": SPACE_FILE,
    "objectives": ("acc", "params"),
    "dataset": "digits",
    "population": 20,
    "generations": 4,
    "seed": 0,
}
"""The settings that run.yaml sets: those decided first, some equal to the default."""


def write_beginnings(folder: Path) -> list[Path]:
    """Write a search space, its schema and the settings of a run, all with comments.

    Args:
        folder: folder for the files; created if missing.

    Returns:
        The files, in reading order.

    Raises:
        ConfigError: one of them exists already, or the folder is a file; nothing is written.
    """
    contents = {
        SPACE_FILE: (files(__package__) / SPACE_FILE).read_text(encoding="utf-8"),
        RUN_FILE: run_text(CHOSEN, name=RUN_FILE),
        SCHEMA_FILE: json.dumps(space_schema(), indent=2) + "\n",
    }
    _refuse_to_overwrite(folder, list(contents))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


def _refuse_to_overwrite(folder: Path, names: Sequence[str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder}: expected a folder, got a file")
    there = [name for name in names if (folder / name).exists()]
    if there:
        raise ConfigError(
            f"{folder}: {', '.join(there)} would be overwritten; choose another folder: "
            "evonas init FOLDER"
        )
