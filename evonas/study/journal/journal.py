"""The append-only record of a study: every ask, tell and failure, in one SQLite file.

Resuming replays this file, in order, through a fresh engine with the same seed. So it holds
nothing that can be derived: no population, no generator state, no front. Every entry carries a
hash of itself and of the entry before, so that damage is always detected.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from evonas.errors import StorageError
from evonas.evaluation.record import Evaluation
from evonas.study.journal import database, kinds, reading
from evonas.study.journal.earlier_formats import drop_earlier
from evonas.study.journal.entry import Draft, Entry, sealed
from evonas.study.journal.events import Event
from evonas.study.journal.findings import Finding
from evonas.study.journal.head import write_head

JOURNAL_FILE = "study.db"

T = TypeVar("T")


class Journal:
    """The journal of one run; see :mod:`evonas.study.journal.opening`.

    Args:
        connection: to its file.
        path: path of its file.
        entries: the entries that it holds, checked.
        version: the format of the file.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, entries: Sequence[Entry], *, version: int
    ) -> None:
        self._connection = connection
        self._path = path
        self._entries = list(entries)
        self._num_extensions = sum(entry.kind == kinds.EXTENDED for entry in entries)
        self._version = version

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, in order."""
        return tuple(self._entries)

    @property
    def version(self) -> int:
        """The format of the file."""
        return self._version

    def read(self, read: Callable[[Sequence[Entry]], T]) -> T:
        """Return what a function derives from the entries; where it fails, they are damaged.

        Args:
            read: raises ValueError, TypeError, KeyError or IndexError for entries that no version
                of evonas writes.

        Raises:
            StorageError: it raised one of these.
        """
        try:
            return read(self._entries)
        except (ValueError, TypeError, KeyError, IndexError) as problem:
            raise damaged(self._path, problem) from problem

    def close(self) -> None:
        """Close the file; everything is on disk already."""
        self._connection.close()

    def digest(self) -> str:
        """Hash of the configuration and the space that the run started with."""
        return self.read(lambda entries: str(entries[0].document["digest"]))

    def traits(self) -> dict[str, Any] | None:
        """The images' traits as JSON; None if not recorded, as in runs of earlier versions."""
        return self.read(reading.traits_of)

    def versions(self) -> dict[str, str] | None:
        """The package versions that the run started with; None if not recorded."""
        return self.read(lambda entries: entries[0].document.get("versions"))

    def accepted_data(self) -> dict[str, str | None]:
        """The hashes of images accepted after a change; empty if they never changed."""
        return self.read(reading.accepted_of)

    def record_accepted_data(
        self, hashes: Mapping[str, str | None], *, traits: Mapping[str, Any] | None = None
    ) -> None:
        """Append that the run continues with other images than it started with.

        Args:
            hashes: hashes of the images, by the names of the settings.
            traits: traits of the images; None if unchanged.
        """
        self._append([kinds.accepted(hashes, traits=traits, number=self._next_number)])

    def changes(self) -> dict[str, Any]:
        """Settings changed since the run started, by name."""
        return {**self.accepted_data(), **self.read(reading.extensions_of)}

    def record_extension(self, changes: dict[str, int]) -> None:
        """Append that the search restarts at another size; results so far become known results.

        Args:
            changes: the changed settings, by name.
        """
        self._append([kinds.extended(changes, number=len(self._entries) + 1)])
        self._num_extensions += 1

    def record_asks(
        self,
        asked: Sequence[tuple[str, str]],
        *,
        generation: int,
        repeated: Sequence[tuple[str, int]] = (),
        refused: Sequence[Evaluation] = (),
    ) -> None:
        """Append the outcome of one ask, in one transaction.

        Args:
            asked: new candidates, as (key, readable genome), in order.
            generation: the generation they belong to.
            repeated: replicates of known candidates, as (key, replicate), requested after the new
                ones.
            refused: records of those new ones that are known to violate a constraint.
        """
        known = {evaluation.key: evaluation for evaluation in refused}
        drafts: list[Draft] = []
        for key, genome in asked:
            drafts.append(kinds.asked(key, generation=generation, genome=genome))
            if key in known:
                drafts.append(kinds.told(known[key]))
        for key, number in repeated:
            drafts.append(kinds.repeated(key, number, generation=generation))
        self._append(drafts)

    def record_nothing_requested(self) -> None:
        """Append that the search had no request while trainings ran."""
        self._append([kinds.nothing_requested(len(self._entries) + 1)])

    def record_promotions(self, promoted: Sequence[str], *, epochs: int) -> None:
        """Append that these candidates are promoted, up to the end of this epoch."""
        self._append([kinds.promoted(key, epochs=epochs) for key in promoted])

    def record_retries(self, trainings: Sequence[tuple[str, int, int, int]]) -> None:
        """Append that lost trainings are retried, as (key, replicate, epochs, attempt)."""
        self._append([kinds.retried(*each) for each in trainings])

    def record_tell(self, evaluation: Evaluation, *, attempt: int = 0) -> None:
        """Append the result of a candidate that was requested, promoted or retried."""
        self._append([kinds.told(evaluation, attempt=attempt)])

    def record_confirmation(self, evaluation: Evaluation, *, is_again: bool = False) -> None:
        """Append a training that played no part in the search; its replicate is above 0.

        Args:
            evaluation: its result.
            is_again: whether it replaces an earlier result.
        """
        self._append([kinds.confirmed(evaluation, again=self._next_number * is_again)])

    def record_finding(self, finding: Finding, *, is_again: bool = False) -> None:
        """Append a finding about a candidate after the search.

        Args:
            finding: the result.
            is_again: whether it replaces an earlier one.
        """
        self._append([kinds.found(finding, again=self._next_number * is_again)])

    def record_end(self) -> None:
        """Append that the search ended, unless already recorded."""
        if not self.has_ended():
            self._append([kinds.ended(self._next_number)])

    def has_ended(self) -> bool:
        """Whether the search ended; not recorded in runs of earlier versions."""
        return reading.has_ended(self._entries)

    def record_known(self, evaluations: Iterable[Evaluation]) -> None:
        """Append known results, which replace trainings when these are requested."""
        self._append([kinds.known(evaluation) for evaluation in evaluations])

    def known(self) -> list[Evaluation]:
        """Known results, whether their trainings were requested or not."""
        return self.read(reading.known_of)

    def events(self) -> list[Event]:
        """All events of the search, in order."""
        return self.read(reading.events_of)

    def evaluations(self) -> list[Evaluation]:
        """The last result of every finished training, in the order of requests.

        A candidate with several replicates has several.
        """
        return self.read(reading.evaluations_of)

    def confirmations(self) -> list[Evaluation]:
        """The confirmations of the front, by candidate and replicate."""
        return self.read(reading.confirmations_of)

    def findings(self, kind: str) -> list[Finding]:
        """The findings of one kind, by candidate, name and replicate."""
        return self.read(lambda entries: reading.findings_of(entries, kind))

    def migrate(self) -> None:
        """Upgrade a journal of an earlier format to this one, completely or not at all.

        The old file is kept next to it, named after the number of its format.

        Raises:
            StorageError: it cannot be written.
        """
        if self._version != database.FORMAT:
            self._back_up(self._path.with_name(f"{self._path.name}.format-{self._version}"))
            with self._transaction():
                for statement in drop_earlier(self._version):
                    self._connection.execute(statement)
                self._connection.execute(database.ENTRY_TABLE)
                database.insert(self._connection, self._entries)
                self._connection.execute(f"PRAGMA user_version = {database.FORMAT}")
            self._version = database.FORMAT
        self._write_head()

    def _append(self, drafts: Iterable[Draft]) -> None:
        named = [kinds.of_search(each, number=self._num_extensions) for each in drafts]
        entries = sealed(named, after=self._entries[-1] if self._entries else None)
        if not entries:
            return
        with self._transaction():
            database.insert(self._connection, entries)
        self._entries += entries
        self._write_head()

    def _write_head(self) -> None:
        try:
            write_head(self._path.parent, self._entries[-1])
        except OSError as problem:
            raise not_written(self._path, problem) from problem

    def _back_up(self, path: Path) -> None:
        try:
            copy = sqlite3.connect(path)
            try:
                self._connection.backup(copy)
            finally:
                copy.close()
        except sqlite3.DatabaseError as problem:
            raise not_written(path, problem) from problem

    @property
    def _next_number(self) -> int:
        return len(self._entries) + 1

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
                raise not_written(self._path, problem) from problem
            raise


def not_written(path: Path, reason: object) -> StorageError:
    """The error for a journal that cannot be written."""
    return StorageError(f"{path}: cannot be written: {reason}")


def damaged(path: Path, reason: Any) -> StorageError:
    """The error for a damaged journal."""
    return StorageError(
        f"{path}: damaged ({reason}); recover what is left with: evonas repair {path.parent}"
    )
