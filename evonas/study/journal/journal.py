"""The append-only record of a study: every ask, every tell, every failure, in one SQLite file.

Resuming is replaying this file, in its order, through a fresh engine with the same seed, so it
holds nothing that could be derived: no population, no generator state, no front. Every entry
carries a hash of itself and of the entry before, so that what was damaged is never believed.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
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
        """All that it holds, in its order."""
        return tuple(self._entries)

    @property
    def version(self) -> int:
        """The format of the file."""
        return self._version

    def close(self) -> None:
        """Let go of the file; what was written is on disk already."""
        self._connection.close()

    def digest(self) -> str:
        """Of the configuration and the space that the run began with."""
        return self._read(lambda entries: str(entries[0].document["digest"]))

    def traits(self) -> dict[str, Any] | None:
        """Of the images, as JSON has them; None in a run of before, which did not write them."""
        return self._read(lambda entries: entries[0].document.get("traits"))

    def versions(self) -> dict[str, str] | None:
        """That the run began with, by package; None where the journal does not say."""
        return self._read(lambda entries: entries[0].document.get("versions"))

    def accepted_data(self) -> dict[str, str | None]:
        """The hashes of the images that the run went on with; empty if they never changed."""
        return self._read(reading.accepted_of)

    def record_accepted_data(self, hashes: dict[str, str | None]) -> None:
        """Append that the run goes on with other images than it began with."""
        self._append([kinds.accepted(hashes, number=len(self._entries) + 1)])

    def changes(self) -> dict[str, Any]:
        """Settings whose values are no longer those that the run began with, by name."""
        return {**self.accepted_data(), **self._read(reading.extensions_of)}

    def record_extension(self, changes: dict[str, int]) -> None:
        """Append that the search begins anew, at another size; what was told is known from now on.

        Args:
            changes: the settings that have another value from now on, by name.
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
        """Append what one ask brought, in one transaction.

        Args:
            asked: new candidates, as (key, readable genome), in the order of asking.
            generation: they belong to.
            repeated: known candidates that are trained once more, as (key, replicate); they were
                asked for after the new ones.
            refused: records of those of the new ones that are known to break a constraint.
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

    def record_ask_in_vain(self) -> None:
        """Append that there was nothing to ask for while trainings ran."""
        self._append([kinds.asked_in_vain(len(self._entries) + 1)])

    def record_promotions(self, promoted: Sequence[str], *, epochs: int) -> None:
        """Append that these candidates are trained on, up to the end of this epoch."""
        self._append([kinds.promoted(key, epochs=epochs) for key in promoted])

    def record_retries(self, trainings: Sequence[tuple[str, int, int, int]]) -> None:
        """Append that lost trainings are tried again, as (key, replicate, epochs, attempt)."""
        self._append([kinds.retried(*each) for each in trainings])

    def record_tell(self, evaluation: Evaluation, *, attempt: int = 0) -> None:
        """Append the result of a candidate that was asked for, promoted, or tried again."""
        self._append([kinds.told(evaluation, attempt=attempt)])

    def record_confirmation(self, evaluation: Evaluation, *, is_again: bool = False) -> None:
        """Append a training that played no part in the search; its replicate is above 0.

        Args:
            evaluation: its result.
            is_again: whether it takes the place of an earlier result.
        """
        self._append([kinds.confirmed(evaluation, again=self._next_number * is_again)])

    def record_finding(self, finding: Finding, *, is_again: bool = False) -> None:
        """Append what was found out about a candidate after the search.

        Args:
            finding: the result.
            is_again: whether it takes the place of an earlier one.
        """
        self._append([kinds.found(finding, again=self._next_number * is_again)])

    def record_end(self) -> None:
        """Append that the search came to its end, unless the journal says so."""
        if not self.has_ended():
            self._append([kinds.ended(self._next_number)])

    def has_ended(self) -> bool:
        """Whether the search came to its end; a run of before does not say so."""
        return reading.has_ended(self._entries)

    def record_known(self, evaluations: Iterable[Evaluation]) -> None:
        """Append results that need not be made again when their trainings are asked for."""
        self._append([kinds.known(evaluation) for evaluation in evaluations])

    def known(self) -> list[Evaluation]:
        """Results that need not be made again, whether their trainings were asked for or not."""
        return self._read(reading.known_of)

    def events(self) -> list[Event]:
        """All that happened in the search, in its order."""
        return self._read(reading.events_of)

    def evaluations(self) -> list[Evaluation]:
        """The last result of every training that has one, in the order of asking.

        A candidate that was trained several times has several, which differ in their replicate.
        """
        return self._read(reading.evaluations_of)

    def confirmations(self) -> list[Evaluation]:
        """What was trained to confirm the front, by candidate and replicate."""
        return self._read(reading.confirmations_of)

    def findings(self, kind: str) -> list[Finding]:
        """What was found out of one kind, by candidate, name and replicate."""
        return self._read(lambda entries: reading.findings_of(entries, kind))

    def migrate(self) -> None:
        """Bring a journal of an earlier format to this one: all of it, or nothing is changed.

        The file of before stays beside it, under the number of its format.

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

    def _read(self, read: Callable[[list[Entry]], T]) -> T:
        try:
            return read(self._entries)
        except (ValueError, TypeError, KeyError, IndexError) as problem:
            raise damaged(self._path, problem) from problem

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
    """For the user: the journal cannot be written."""
    return StorageError(f"{path}: cannot be written: {reason}")


def damaged(path: Path, reason: Any) -> StorageError:
    """For the user: the journal is not what was written."""
    return StorageError(
        f"{path}: damaged ({reason}); recover what is left with: evonas repair {path.parent}"
    )
