"""The append-only record of a study: every ask, every tell, every failure, in one SQLite file.

Resuming is replaying this file, in its order, through a fresh engine with the same seed, so it
holds nothing that could be derived: no population, no generator state, no front.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evonas.errors import StorageError
from evonas.evaluation.record import Evaluation
from evonas.study.journal.events import Asked, AskedInVain, Event, Promoted, Repeated, Told
from evonas.study.journal.findings import Finding
from evonas.study.journal.journal_format import (
    APPLICATION_ID,
    FORMAT,
    READABLE_FORMATS,
    SCHEMA,
    migration,
)

JOURNAL_FILE = "study.db"
_NEXT = """(
    SELECT 1 + max(
        (SELECT coalesce(max(position), 0) FROM ask),
        (SELECT coalesce(max(position), 0) FROM promotion),
        (SELECT coalesce(max(position), 0) FROM replicate),
        (SELECT coalesce(max(position), 0) FROM ask_in_vain),
        (SELECT coalesce(max(position), 0) FROM tell)
    )
)"""


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

    def record_asks(
        self,
        asked: Sequence[tuple[str, str]],
        *,
        generation: int,
        repeated: Sequence[tuple[str, int]] = (),
        refused: Sequence[Evaluation] = (),
    ) -> None:
        """Append what one ask brought, in one transaction.

        Args:
            asked: new candidates, as (key, readable genome), in the order of asking.
            generation: they belong to.
            repeated: known candidates that are trained once more, as (key, replicate); they were
                asked for after the new ones.
            refused: records of those of the new ones that are known to break a constraint.
        """
        known = {evaluation.key: evaluation for evaluation in refused}
        with self._transaction():
            for key, genome in asked:
                self._connection.execute(
                    f"INSERT INTO ask VALUES ({_NEXT}, ?, ?, ?)", (generation, key, genome)
                )
                if key in known:
                    self._insert_tell(known[key])
            for key, number in repeated:
                self._connection.execute(
                    f"INSERT INTO replicate VALUES ({_NEXT}, ?, ?, ?)", (generation, key, number)
                )

    def record_ask_in_vain(self) -> None:
        """Append that there was nothing to ask for while trainings ran."""
        with self._transaction():
            self._connection.execute(f"INSERT INTO ask_in_vain VALUES ({_NEXT})")

    def record_promotions(self, promoted: Sequence[str], *, epochs: int) -> None:
        """Append that these candidates are trained on, up to the end of this epoch."""
        with self._transaction():
            for key in promoted:
                self._connection.execute(
                    f"INSERT INTO promotion VALUES ({_NEXT}, ?, ?)", (key, epochs)
                )

    def record_tell(self, evaluation: Evaluation) -> None:
        """Append the result of a candidate that was asked for, or that was promoted."""
        with self._transaction():
            self._insert_tell(evaluation)

    def record_confirmation(self, evaluation: Evaluation) -> None:
        """Append a training that played no part in the search; its replicate is above 0."""
        record = json.dumps(asdict(evaluation), allow_nan=False)
        with self._transaction():
            self._connection.execute(
                "INSERT INTO confirmation VALUES (NULL, ?, ?, ?, ?)",
                (evaluation.key, evaluation.replicate, evaluation.failure, record),
            )

    def confirmations(self) -> list[Evaluation]:
        """What was trained to confirm the front, by candidate and replicate."""
        if not self._has("confirmation"):
            return []
        rows = self._rows("SELECT record FROM confirmation ORDER BY key, replicate")
        return [_evaluation(str(record), self._path) for (record,) in rows]

    def record_finding(self, finding: Finding) -> None:
        """Append what was found out about a candidate after the search."""
        body = json.dumps(finding.body, allow_nan=False)
        with self._transaction():
            self._connection.execute(
                "INSERT INTO finding VALUES (NULL, ?, ?, ?, ?, ?)",
                (finding.kind, finding.key, finding.name, finding.replicate, body),
            )

    def findings(self, kind: str) -> list[Finding]:
        """What was found out of one kind, by candidate, name and replicate."""
        if not self._has("finding"):
            return []
        rows = self._rows("SELECT * FROM finding ORDER BY key, name, replicate")
        try:
            return [
                Finding(of, key, name, number, json.loads(body))
                for _, of, key, name, number, body in rows
                if of == kind
            ]
        except ValueError as problem:
            raise _damaged(self._path, problem) from problem

    def events(self) -> list[Event]:
        """All that happened, in its order."""
        rows: list[tuple[int, Event]] = [
            *(
                (n, Asked(*row))
                for n, *row in self._rows("SELECT position, key, generation FROM ask")
            ),
            *((n, Promoted(*row)) for n, *row in self._rows("SELECT * FROM promotion")),
            *((n, Repeated(*row)) for n, *row in self._repeated()),
            *((n, AskedInVain()) for (n,) in self._asked_in_vain()),
            *(
                (n, Told(_evaluation(str(record), self._path)))
                for n, record in self._rows("SELECT position, record FROM tell")
            ),
        ]
        return [event for _, event in sorted(rows, key=lambda row: row[0])]

    def evaluations(self) -> list[Evaluation]:
        """The last result of every training that has one, in the order of asking.

        A candidate that was trained several times has several, which differ in their replicate.
        """
        asked = self._rows("SELECT position, key FROM ask")
        orders = {(key, 0): n for n, key in asked}
        orders |= {(key, number): n for n, key, number, _ in self._repeated()}
        last: dict[tuple[str, int], Evaluation] = {}
        for (record,) in self._rows("SELECT record FROM tell ORDER BY position"):
            evaluation = _evaluation(str(record), self._path)
            last[evaluation.key, evaluation.replicate] = evaluation
        # one that was never asked for is found by the replay, which says so
        return [last[each] for each in sorted(last, key=lambda each: orders.get(each, 0))]

    def migrate(self) -> None:
        """Bring a journal of an earlier format to this one: all of it, or nothing is changed."""
        ((version,),) = self._rows("PRAGMA user_version")
        if version == FORMAT:
            return
        with self._transaction():
            for statement in migration(version):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    def _has(self, table: str) -> bool:
        return (table,) in self._rows("SELECT name FROM sqlite_schema WHERE type = 'table'")

    def _repeated(self) -> list[tuple[Any, ...]]:
        """Position, key, replicate and generation of what was trained once more."""
        if not self._has("replicate"):
            return []
        return self._rows("SELECT position, key, replicate, generation FROM replicate")

    def _asked_in_vain(self) -> list[tuple[Any, ...]]:
        """Positions."""
        return self._rows("SELECT * FROM ask_in_vain") if self._has("ask_in_vain") else []

    def _insert_tell(self, evaluation: Evaluation) -> None:
        record = json.dumps(asdict(evaluation), allow_nan=False)
        self._connection.execute(
            f"INSERT INTO tell VALUES ({_NEXT}, ?, ?, ?, ?, ?)",
            (
                evaluation.key, evaluation.replicate, evaluation.epochs, evaluation.failure,
                record,
            ),
        )  # fmt: skip

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
        except BaseException as problem:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if isinstance(problem, sqlite3.DatabaseError):
                raise _not_written(self._path, problem) from problem
            raise


def create_journal(folder: Path, *, digest: str) -> Journal:
    """A new journal in ``folder`` for the run that ``digest`` stands for.

    Raises:
        StorageError: it cannot be written, for instance on a full disk.
    """
    path = folder / JOURNAL_FILE
    try:
        connection = _connect(path)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
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
    if schema not in READABLE_FORMATS:
        raise StorageError(
            f"{path}: written with format {schema}, this evonas reads the formats "
            f"{', '.join(map(str, READABLE_FORMATS))}"
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
