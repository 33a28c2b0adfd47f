"""The history of a run, in the terminal or as JSON lines."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from evonas.api.terminal.console import say
from evonas.study.upkeep.log import read_log


def show_log(console: Console, folder: Path, key: str | None, *, is_json: bool) -> None:
    """Print one line per event."""
    for line in read_log(folder, key):
        if is_json:
            text = json.dumps(asdict(line))
        else:
            text = " ".join(filter(None, (str(line.number), line.key, line.event, line.text)))
        say(console, text)
