"""Signals that were computed before, kept in a file. Without the file the same numbers come out.

One SQLite file holds signals of any spaces, images and seeds side by side; a digest of all that a
signal is computed from tells them apart. Several processes may use one file. A file that cannot be
read or written is left alone: everything is then computed.
"""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import final

SIGNALS_FILE = "signals.db"

WAIT_SECONDS = 30.0
"""For another process that writes."""

_TABLE = """
CREATE TABLE IF NOT EXISTS signal (
    source TEXT NOT NULL,
    genome TEXT NOT NULL,
    name TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (source, genome, name)
) WITHOUT ROWID, STRICT""".strip()
_SELECT = "SELECT name, value FROM signal WHERE source = ? AND genome = ?"
_INSERT = "INSERT OR IGNORE INTO signal VALUES (?, ?, ?, ?)"

_LOGGER = logging.getLogger(__name__)


@final
class SignalCache:
    """The signals of the genomes of one source.

    Args:
        path: path of the file, made when there is something to keep; None to keep nothing.
        source: digest of all that the signals are computed from, the genome aside.
    """

    def __init__(self, path: Path | None, *, source: str) -> None:
        self._path = path
        self._source = source

    def found(self, genome: str) -> dict[str, float]:
        """By name, what is known of a genome; NaN for a signal that it has not."""
        if self._path is None or not self._path.is_file():
            return {}
        try:
            with closing(self._connect(self._path)) as connection:
                rows = connection.execute(_SELECT, (self._source, genome)).fetchall()
        except sqlite3.Error as problem:
            self._give_up(problem)
            return {}
        return {name: float("nan") if value is None else value for name, value in rows}

    def keep(self, genome: str, signals: Mapping[str, float]) -> None:
        """Add the signals of a genome; those that are there already stay."""
        if self._path is None:
            return
        rows = [(self._source, genome, name, value) for name, value in signals.items()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect(self._path)) as connection:
                self._insert(connection, rows)
        except (sqlite3.Error, OSError) as problem:
            self._give_up(problem)

    def _insert(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[str, str, str, float]]
    ) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        connection.executemany(_INSERT, rows)  # SQLite stores NaN as NULL
        connection.execute("COMMIT")

    def _connect(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)

    def _give_up(self, problem: Exception) -> None:
        _LOGGER.warning("%s: signals are computed again, not cached: %s", self._path, problem)
        self._path = None
