"""The status of runs in the terminal; torch is not needed."""

import time
from dataclasses import fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.progress_text import readable
from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json
from evonas.api.terminal.tables import print_table
from evonas.counted import counted
from evonas.study.upkeep.state import RunSummary, find_runs, summarise_run

_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def show_status(console: Console, folder: Path, *, as_json: bool) -> None:
    """Print the status of the run in ``folder``."""
    run = summarise_run(folder)
    if as_json:
        print_json(console, _facts(run))
        return
    if run.settings is None:
        say(console, f"{run.state}: {run.problem}")
        return
    total = run.settings.search.num_trainings
    failed = f", {run.failures} failed" if run.failures else ""
    say(console, f"{run.state}: {run.trainings} of {counted(total, 'training')}{failed}")
    if run.pace is not None and run.pace.seconds_left is not None:
        say(console, f"the search ends in about {duration(run.pace.seconds_left)}")
    say(console, f"last result {duration(time.time() - run.written)} ago")
    say(
        console,
        f"{run.front} of {counted(run.candidates, 'candidate')} on the front; best {_best(run)}",
    )
    if run.confirmations:
        say(console, counted(run.confirmations, "confirmation training"))


def list_runs(console: Console, parent: Path, *, as_json: bool) -> None:
    """Print one line for each run in a folder."""
    folders = find_runs(parent)
    if as_json:
        print_json(console, [_facts(summarise_run(folder)) for folder in folders])
        return
    if not folders:
        say(console, f"{parent}: no runs")
        return
    table = Table("run", "state", "trainings", "front", "best", "size", box=None)
    for folder in folders:
        run = summarise_run(folder)
        total = run.settings.search.num_trainings if run.settings is not None else "?"
        table.add_row(
            folder.name, run.state, f"{run.trainings}/{total}", str(run.front), _best(run),
            f"{run.size_bytes / 1e6:.1f} MB",
        )  # fmt: skip
    print_table(console, table)


def duration(seconds: float) -> str:
    """In the largest unit that fits, such as ``5 min``."""
    for name, length in _UNITS:
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''}"
    return "0 s"


def _facts(run: RunSummary) -> dict[str, object]:
    """A summary with the requested number of trainings instead of all settings."""
    asked = None if run.settings is None else run.settings.search.num_trainings
    facts = {each.name: getattr(run, each.name) for each in fields(run) if each.name != "settings"}
    return {**facts, "trainings_asked_for": asked}


def _best(run: RunSummary) -> str:
    return ", ".join(f"{name} {readable(value)}" for name, value in run.best.items()) or "none"
