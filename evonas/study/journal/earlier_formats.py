"""Journals of formats 3 to 6: one table for each kind of entry, and no hashes.

Format 4 added confirmations, 5 replicates, 6 unsuccessful asks and findings, 7 one table of hashed
entries.
"""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from evonas.study.journal import kinds
from evonas.study.journal.entry import Draft, draft

EARLIER_FORMATS = (3, 4, 5, 6)
_SINCE = {
    "study": 3, "ask": 3, "promotion": 3, "tell": 3, "confirmation": 4, "replicate": 5,
    "ask_in_vain": 6, "finding": 6,
}  # fmt: skip


def read_earlier(connection: sqlite3.Connection, version: int) -> list[Draft]:
    """The content of an earlier journal as entries of the current format.

    Args:
        connection: to the file.
        version: its format, one of :data:`EARLIER_FORMATS`.

    Raises:
        ValueError: a row is damaged.
        sqlite3.DatabaseError: the file is damaged.
    """
    ((digest,),) = _rows(connection, "SELECT digest FROM study")
    began = draft(kinds.BEGAN, [], {"digest": digest})
    # the rows of these five share one sequence of positions: the order of events
    told = "key, replicate, epochs" if version >= 5 else "key, 0, epochs"
    readers: dict[str, tuple[str, Callable[..., Draft]]] = {
        "ask": ("generation, key, genome", _asked),
        "promotion": ("key, epochs", lambda key, epochs: kinds.promoted(key, epochs=epochs)),
        "tell": (f"{told}, record", _told),
        "replicate": ("generation, key, replicate", _repeated),
        "ask_in_vain": ("position", kinds.nothing_requested),
    }
    search: list[tuple[int, Draft]] = []
    for table, (columns, read) in readers.items():
        if _SINCE[table] <= version:
            rows = _rows(connection, f"SELECT position, {columns} FROM {table}")
            search += [(position, read(*row)) for position, *row in rows]
    after: list[Draft] = []
    if _SINCE["confirmation"] <= version:
        query = "SELECT key, replicate, record FROM confirmation ORDER BY position"
        after += [_confirmed(*row) for row in _rows(connection, query)]
    if _SINCE["finding"] <= version:
        query = "SELECT kind, key, name, replicate, body FROM finding ORDER BY position"
        after += [_found(*row) for row in _rows(connection, query)]
    return [began, *(entry for _, entry in sorted(search, key=lambda row: row[0])), *after]


def drop_earlier(version: int) -> list[str]:
    """The statements that remove the tables of a format."""
    return [f"DROP TABLE {table}" for table, since in _SINCE.items() if since <= version]


def _rows(connection: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _asked(generation: int, key: str, genome: str) -> Draft:
    return kinds.asked(key, generation=generation, genome=genome)


def _repeated(generation: int, key: str, replicate: int) -> Draft:
    return kinds.repeated(key, replicate, generation=generation)


def _told(key: str, replicate: int, epochs: int, record: str) -> Draft:
    document = _record(record, key=key, epochs=epochs)
    return draft(kinds.TOLD, [key, replicate, epochs], document)


def _confirmed(key: str, replicate: int, record: str) -> Draft:
    return draft(kinds.CONFIRMED, [key, replicate], _record(record, key=key, replicate=replicate))


def _found(kind: str, key: str, name: str, replicate: int, body: str) -> Draft:
    document = {
        "kind": kind, "key": key, "name": name, "replicate": replicate, "body": json.loads(body),
    }  # fmt: skip
    return draft(kinds.FOUND, [kind, key, name, replicate], document)


def _record(text: str, **columns: str | int) -> dict[str, Any]:
    """Parse a record and check it against the other columns of its row."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("expected a record, a JSON object")
    for name, value in columns.items():
        if document.get(name, value) != value:
            raise ValueError(f"a row says {name} {value!r}, its record {document[name]!r}")
    return document
