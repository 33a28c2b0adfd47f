"""Create or open a journal; damaged ones are refused."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evonas.errors import StorageError
from evonas.study.journal import database, kinds
from evonas.study.journal.earlier_formats import EARLIER_FORMATS, read_earlier
from evonas.study.journal.entry import Entry, draft, first_broken, sealed
from evonas.study.journal.head import Head, read_head, write_head
from evonas.study.journal.journal import JOURNAL_FILE, Journal, damaged, not_written

READABLE_FORMATS = (*EARLIER_FORMATS, database.FORMAT)
_MAY_BE_WELL = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)  # fmt: skip
"""SQLite errors that do not imply damage: permissions and locks."""


def create_journal(
    folder: Path,
    *,
    digest: str,
    traits: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] | None = None,
) -> Journal:
    """Create a journal in ``folder`` for the run identified by ``digest``.

    Args:
        folder: folder of the run.
        digest: digest of its configuration and its space.
        traits: traits of its images, so that a finished run can be read without them.
        versions: package versions that it started with.

    Raises:
        StorageError: it cannot be written, for instance on a full disk.
    """
    path = folder / JOURNAL_FILE
    began = {"digest": digest, kinds.TRAITS: traits, "versions": versions}
    entries = sealed([draft(kinds.BEGAN, [], began)], after=None)
    try:
        connection = database.connect(path)
        database.create(connection)
        database.insert(connection, entries)
        write_head(folder, entries[-1])
    except (sqlite3.DatabaseError, OSError) as problem:
        raise not_written(path, problem) from problem
    return Journal(connection, path, entries, version=database.FORMAT)


def open_journal(folder: Path, *, is_written: bool = False) -> Journal:
    """Open the journal of the run in ``folder``, and check every entry against its hash.

    Args:
        folder: folder of the run.
        is_written: whether to open for appending, by one process at a time; for reading, the
            folder need not be writable.

    Raises:
        StorageError: it is missing, empty, damaged, or of another program or version. It is never
            replaced by a new one.
    """
    path = folder / JOURNAL_FILE
    if not path.exists() or path.stat().st_size == 0:
        raise StorageError(f"{path}: the journal of this run is missing or empty")
    try:
        head = read_head(folder)  # before the entries: another process may be appending
    except (ValueError, OSError) as problem:
        raise damaged(path, problem) from problem
    try:
        connection = database.connect(path) if is_written else database.connect_to_read(path)
    except sqlite3.OperationalError as problem:
        raise _not_opened(path, problem) from problem
    except sqlite3.DatabaseError as problem:
        raise damaged(path, problem) from problem
    try:
        version, entries = _read(connection, path)
        _check(entries, head, path)
    except BaseException as problem:
        connection.close()
        if getattr(problem, "sqlite_errorcode", 0) & 0xFF in _MAY_BE_WELL:
            raise _not_opened(path, problem) from problem
        if isinstance(problem, (sqlite3.Error, ValueError, TypeError, MemoryError)):
            raise damaged(path, problem) from problem
        raise
    return Journal(connection, path, entries, version=version)


def _not_opened(path: Path, problem: BaseException) -> StorageError:
    return StorageError(f"{path}: cannot be opened: {problem}")


def _read(connection: sqlite3.Connection, path: Path) -> tuple[int, list[Entry]]:
    connection.execute("BEGIN")  # a consistent snapshot, despite concurrent writers
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != database.APPLICATION_ID:
            raise StorageError(f"{path}: not the journal of an evonas run")
        if version not in READABLE_FORMATS:
            raise StorageError(
                f"{path}: written in format {version}; this version of evonas reads formats "
                f"{', '.join(map(str, READABLE_FORMATS))}"
            )
        (check,) = connection.execute("PRAGMA quick_check").fetchone()
        if check != "ok":
            raise damaged(path, check)
        if version != database.FORMAT:
            return version, sealed(read_earlier(connection, version), after=None)
        if not database.has_expected_tables(connection):
            raise damaged(path, "its tables are not those of a journal")
        return version, database.select(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check(entries: list[Entry], head: Head | None, path: Path) -> None:
    broken = first_broken(entries)
    if broken is not None:
        raise damaged(path, f"entry {broken + 1} of {len(entries)} does not match its hash")
    if not entries or entries[0].kind != kinds.BEGAN:
        raise damaged(path, "its beginning is missing")
    if head is None:
        return
    if head.position > len(entries):
        raise damaged(
            path, f"it ends at entry {len(entries)}, and {head.position} had been written"
        )
    if entries[head.position - 1].sha256 != head.sha256:
        raise damaged(path, "it is not the one that its head belongs to")
