"""The append-only record of a study: every ask, every tell, every failure, in one SQLite file.

Resuming is replaying this file through a fresh engine with the same seed, so it holds nothing that
could be derived: no population, no generator state, no front.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evonas.errors import StorageError
from evonas.evaluation.evaluate import Evaluation

JOURNAL_FILE = "study.db"
APPLICATION_ID = 0x65764E53  # "evNS"
SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE study (digest TEXT NOT NULL) STRICT;
CREATE TABLE ask (
    position INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE,
    genome TEXT NOT NULL
) STRICT;
CREATE TABLE tell (
    key TEXT PRIMARY KEY REFERENCES ask (key),
    failure TEXT,
    record TEXT NOT NULL
) STRICT;
"""


class Journal:
    """The journal of one run; open it with :func:`create_journal` or :func:`open_journal`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def close(self) -> None:
        """Let go of the file; what was written is on disk already."""
        self._connection.close()

    def digest(self) -> str:
        """Of the configuration and the space that the run began with."""
        ((digest,),) = self._rows("SELECT digest FROM study")
        return str(digest)

    def record_asks(self, asked: Sequence[tuple[str, str]], *, generation: int) -> None:
        """Append the candidates of a generation, as (key, readable genome), in one transaction."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO ask (generation, key, genome) VALUES (?, ?, ?)",
                [(generation, key, genome) for key, genome in asked],
            )

    def record_tell(self, evaluation: Evaluation) -> None:
        """Append the result of one candidate that was asked for."""
        record = json.dumps(asdict(evaluation), allow_nan=False)
        with self._transaction():
            self._connection.execute(
                "INSERT INTO tell (key, failure, record) VALUES (?, ?, ?)",
                (evaluation.key, evaluation.failure, record),
            )

    def asks(self) -> list[list[str]]:
        """Keys of the candidates that were asked for, generation by generation."""
        generations: list[list[str]] = []
        for generation, key in self._rows("SELECT generation, key FROM ask ORDER BY position"):
            while len(generations) <= generation:
                generations.append([])
            generations[generation].append(key)
        return generations

    def evaluations(self) -> list[Evaluation]:
        """Every evaluated candidate, in the order in which they were asked for."""
        rows = self._rows("SELECT record FROM ask JOIN tell USING (key) ORDER BY position")
        return [_evaluation(str(record), self._path) for (record,) in rows]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query).fetchall()
        except sqlite3.DatabaseError as problem:
            raise _damaged(self._path, problem) from problem

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            # IMMEDIATE: a transaction that upgrades from read to write can fail at any time-out
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as problem:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise _not_written(self._path, problem) from problem


def create_journal(folder: Path, *, digest: str) -> Journal:
    """A new journal in ``folder`` for the run that ``digest`` stands for.

    Raises:
        StorageError: it cannot be written, for instance on a full disk.
    """
    path = folder / JOURNAL_FILE
    try:
        connection = _connect(path)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO study VALUES (?)", (digest,))
    except sqlite3.DatabaseError as problem:
        raise _not_written(path, problem) from problem
    return Journal(connection, path)


def open_journal(folder: Path) -> Journal:
    """The journal of the run in ``folder``.

    Raises:
        StorageError: it is missing, empty, damaged, another program's or another version's. Never
            is a fresh one put in its place.
    """
    path = folder / JOURNAL_FILE
    if not path.exists() or path.stat().st_size == 0:
        raise StorageError(f"{path}: the journal of this run is missing or empty")
    try:
        connection = _connect(path)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        (check,) = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.OperationalError as problem:  # no permission, a lock: the file may be well
        raise StorageError(f"{path}: cannot be opened: {problem}") from problem
    except sqlite3.DatabaseError as problem:
        raise _damaged(path, problem) from problem
    if application != APPLICATION_ID:
        raise StorageError(f"{path}: not the journal of an evonas run")
    if schema != SCHEMA_VERSION:
        raise StorageError(
            f"{path}: written with format {schema}, this evonas reads format {SCHEMA_VERSION}"
        )
    if check != "ok":
        raise _damaged(path, check)
    return Journal(connection, path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    # survives a killed process whole; only a power cut can lose the last rows, never the order
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _evaluation(record: str, path: Path) -> Evaluation:
    try:
        document = json.loads(record)
        return Evaluation(**{**document, "losses": tuple(document["losses"])})
    except (ValueError, TypeError, KeyError) as problem:
        raise _damaged(path, problem) from problem


def _not_written(path: Path, reason: object) -> StorageError:
    return StorageError(f"{path}: cannot be written: {reason}")


def _damaged(path: Path, reason: object) -> StorageError:
    return StorageError(f"{path}: damaged ({reason}); the run cannot be continued from it")
