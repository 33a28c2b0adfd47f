"""Damage and repairs in the folder of a run, in the terminal."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json
from evonas.api.upkeep import repair_run, verify_run
from evonas.errors import StorageError
from evonas.settings.workers import Workers
from evonas.study.upkeep.verify import Damage


def verify_and_show(console: Console, folder: Path, *, reads_images: bool, as_json: bool) -> None:
    """Print each problem with its remedy.

    Raises:
        SystemExit: there is damage.
    """
    damages = verify_run(folder, reads_images=reads_images)
    if as_json:
        print_json(console, damages)
    else:
        _show(console, folder, damages)
    if damages:
        sys.exit(StorageError.exit_code)


def _show(console: Console, folder: Path, damages: Sequence[Damage]) -> None:
    for damage in damages:
        say(console, f"{damage.path}: {damage.problem}")
    if not damages:
        say(console, f"{folder}: no damage found")
    elif any(damage.remedy for damage in damages):
        say(console, f"to repair it: evonas repair {shlex.quote(str(folder))}")


def repair_and_show(console: Console, folder: Path, *, workers: Workers) -> None:
    """Print the repairs."""
    done: list[str] = []

    def tell(text: str) -> None:
        done.append(text)
        say(console, text)

    repair_run(folder, workers=workers, tell=tell)
    if not done:
        say(console, f"{folder}: nothing to repair")
