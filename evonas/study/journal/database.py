"""The SQLite file of a journal: one table of entries, opened to write or only to read."""

import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from evonas.study.journal.entry import Entry

APPLICATION_ID = 0x65764E53  # "evNS"
FORMAT = 7
ENTRY_TABLE = """
CREATE TABLE entry (
    position INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (kind, name)
) STRICT""".strip()
_INSERT = "INSERT INTO entry VALUES (?, ?, ?, ?, ?)"
_SELECT = "SELECT kind, name, body, position, sha256 FROM entry ORDER BY position"
# names of the tables that belong to a journal; SQLite's own, such as statistics, do not
_TABLES = "SELECT name, sql FROM sqlite_schema WHERE type <> 'index'"


def connect(path: Path) -> sqlite3.Connection:
    """A connection for writing."""
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    # intact after a killed process; only a power cut can lose the last rows, never the order
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection for reading, even where nothing may be written: a read-only disk, an archive.

    Raises:
        sqlite3.DatabaseError: the file cannot be read, or is not a database.
    """
    connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    try:
        # the first statement that reads the file
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            return _connect_to_copy(path, log)
        # there can be no writer, so neither lock nor shared memory is needed
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None
        )
    except BaseException:
        connection.close()
        raise
    return connection


def create(connection: sqlite3.Connection) -> None:
    """Create the empty table in a new file."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(ENTRY_TABLE)
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def insert(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Append entries, within the caller's transaction."""
    connection.executemany(
        _INSERT, [(e.position, e.kind, e.name, e.body, e.sha256) for e in entries]
    )


def select(connection: sqlite3.Connection) -> list[Entry]:
    """All entries by position, not checked yet."""
    return [Entry(*row) for row in connection.execute(_SELECT)]


def has_expected_tables(connection: sqlite3.Connection) -> bool:
    """Whether the file has exactly the one table of this format."""
    return connection.execute(_TABLES).fetchall() == [("entry", ENTRY_TABLE)]


def _connect_to_copy(path: Path, log: Path) -> sqlite3.Connection:
    """Read a file whose last entries are in its write-ahead log, which only a writer can open."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        whole = sqlite3.connect(":memory:", isolation_level=None)
        source = connect(copy)
        try:
            source.backup(whole)
        finally:
            source.close()
    return whole
