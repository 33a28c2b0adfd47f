"""Cache signals in a file, which saves time but never changes the numbers.

One SQLite file holds the signals of any spaces, images and seeds, distinguished by a digest of
everything that a signal is computed from. Several processes may use the same file. If it cannot be
read or written, it is ignored and the signals are computed.
"""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import final

SIGNALS_FILE = "signals.db"

WAIT_SECONDS = 30.0
"""Longest time to wait for another process that writes to the file."""

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
    """Cached signals of the genomes of one source.

    Args:
        path: path of the file, which is created on the first write; None to cache nothing.
        source: digest of everything, except the genome, that the signals are computed from.
    """

    def __init__(self, path: Path | None, *, source: str) -> None:
        self._path = path
        self._source = source

    def found(self, genome: str) -> dict[str, float]:
        """Cached signals of a genome by name; NaN for signals that are not defined for it."""
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
        """Add signals of a genome; existing entries are not overwritten."""
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
