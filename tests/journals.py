"""Helpers for journals: count entries from outside, and forge entries with valid hashes."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evonas.study.journal.database import connect, insert
from evonas.study.journal.entry import Draft, sealed
from evonas.study.journal.head import write_head
from evonas.study.journal.opening import open_journal


def count(folder: Path, kind: str) -> int:
    """Number of entries of a kind, also while another process writes the journal."""
    path = folder / "study.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    query = "SELECT count(*) FROM entry WHERE kind = ?"
    ((number,),) = connection.execute(query, (kind,)).fetchall()
    connection.close()
    return int(number)


def forge(folder: Path, kind: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Rewrite the entries of a kind with valid hashes, which accidental damage never has.

    Args:
        folder: folder of the run.
        kind: kind of the entries.
        change: function that changes the body of an entry.
    """

    def changed(drafts: list[Draft]) -> list[Draft]:
        return [
            Draft(d.kind, d.name, json.dumps(change(json.loads(d.body)))) if d.kind == kind else d
            for d in drafts
        ]

    forge_all(folder, changed)


def forge_all(folder: Path, change: Callable[[list[Draft]], list[Draft]]) -> None:
    """Like :func:`forge`, but for all entries at once; they may also be reordered."""
    journal = open_journal(folder)
    drafts = [Draft(e.kind, e.name, e.body) for e in journal.entries]
    journal.close()
    entries = sealed(change(drafts), after=None)
    connection = connect(folder / "study.db")
    connection.execute("DELETE FROM entry")
    insert(connection, entries)
    connection.close()
    write_head(folder, entries[-1])
