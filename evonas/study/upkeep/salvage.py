"""Recover the readable, verified entries of a damaged journal."""

import shutil
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evonas.evaluation.record import Evaluation
from evonas.study.executors.known import known_id
from evonas.study.journal import kinds, reading
from evonas.study.journal.entry import NOTHING_BEFORE, Draft, Entry, is_intact

_COLUMNS = "kind, name, body, position, sha256"
MAX_LOST_BYTES = 1 << 30  # limit for the size claimed by a damaged header
_AFTER_THE_SEARCH = (
    kinds.CONFIRMED, kinds.FOUND, kinds.ACCEPTED, kinds.KNOWN, kinds.EXTENDED,
)  # fmt: skip


@dataclass(frozen=True)
class Salvaged:
    """The recovered part of a journal.

    Attributes:
        kept: entries for a new journal, in order.
        num_readable: number of readable entries.
        num_intact: number of those that match their hash.
        num_retold: number of results that the search must request again, but that need no
            training.
    """

    kept: tuple[Draft, ...]
    num_readable: int
    num_intact: int
    num_retold: int


def salvage(path: Path, *, began: Draft) -> Salvaged:
    """Recover what is left of the journal in a file.

    The search goes back to the last result before the damage, because later requests depend on
    lost entries. Later results are kept as known results, so no readable training is repeated.
    Confirmations and findings are kept.

    Args:
        path: path of a file of the current format; it is only read.
        began: replacement for the first entry, if that one is lost.
    """
    entries = _readable(path)
    intact = _intact(entries)
    was_extended = any(entry.kind == kinds.EXTENDED for entry in intact)
    search = [*intact[:1]] if was_extended else _intact_search(intact)
    if not search or search[0].kind != kinds.BEGAN:
        search = [began]
    after = [entry for entry in intact if entry.kind in _AFTER_THE_SEARCH]
    known = {entry.name for entry in after if entry.kind == kinds.KNOWN}
    again = [kinds.known(each) for each in _results_to_keep(intact, besides=search)]
    retold = [each for each in again if each.name not in known]
    return Salvaged(
        kept=(*search, *after, *retold),
        num_readable=len(entries),
        num_intact=len(intact),
        num_retold=len(retold),
    )


def _results_to_keep(intact: list[Entry], *, besides: Sequence[Draft]) -> list[Evaluation]:
    """The last result of each training that is not among the entries ``besides``.

    Candidates refused for their constraints were not trained, and are refused again. From before
    an extension, only what another search may use is kept.
    """
    here = {entry.name for entry in besides if entry.kind == kinds.TOLD}
    lost = [entry for entry in intact if entry.kind != kinds.TOLD or entry.name not in here]
    current = reading.told_of(reading.since_extended(lost))
    earlier = [each for each in reading.told_of(lost) if reading.is_reusable(each)]
    last = {known_id(each): each for each in (*earlier, *current)}
    return [each for each in last.values() if each.epochs > 0]


def _intact_search(intact: list[Entry]) -> list[Draft]:
    """The intact beginning of the search, up to its last result."""
    search: list[Draft] = []
    end = 0
    for place, entry in enumerate(intact):
        if entry.position != place + 1:
            break
        if entry.kind not in (*_AFTER_THE_SEARCH, kinds.ENDED):
            search.append(entry)
            # entries of one ask belong together; only after a result is it certain to be complete
            if entry.kind == kinds.BEGAN or (
                entry.kind == kinds.TOLD and entry.document["epochs"] > 0
            ):
                end = len(search)
    return search[:end]


def _intact(entries: list[Entry]) -> list[Entry]:
    """The entries that match their hash, given the stated hash of the entry before."""
    hashes = {entry.position: entry.sha256 for entry in entries} | {0: NOTHING_BEFORE}
    return [
        entry
        for entry in entries
        if isinstance(entry.position, int)
        and is_intact(entry, previous=hashes.get(entry.position - 1, "unknown"))
    ]


def _readable(path: Path) -> list[Entry]:
    """Every entry that SQLite can reach, by position."""
    found: dict[int, Entry] = {}
    with (
        TemporaryDirectory() as scratch,
        closing(sqlite3.connect(_padded_copy(path, Path(scratch)))) as connection,
    ):
        # forward to the damaged page, then backward to it, then one by one in between
        for order in ("ASC", "DESC"):
            _read(connection, f"SELECT {_COLUMNS} FROM entry ORDER BY position {order}", found)
        if found:
            for position in range(1, max(found)):
                if position not in found:
                    query = f"SELECT {_COLUMNS} FROM entry WHERE position = {position}"
                    _read(connection, query, found)
    return [found[position] for position in sorted(found)]


def _padded_copy(path: Path, folder: Path) -> Path:
    """A copy of the file, padded with zeros where its end is missing.

    SQLite refuses to read a file that is shorter than its header says.
    """
    copy = folder / path.name
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    content = copy.read_bytes()
    page_bytes, num_pages = struct.unpack(">16xH10xI", content[:32].ljust(32, b"\0"))
    length = (page_bytes if page_bytes > 1 else 65_536) * num_pages
    if len(content) < length <= len(content) + MAX_LOST_BYTES:
        with copy.open("r+b") as file:
            file.truncate(length)
    return copy


def _read(connection: sqlite3.Connection, query: str, found: dict[int, Entry]) -> None:
    try:
        cursor = connection.execute(query)
        while (row := cursor.fetchone()) is not None:
            if all(isinstance(value, str) for value in (row[0], row[1], row[2], row[4])):
                found.setdefault(row[3], Entry(*row))
    except (sqlite3.Error, MemoryError):
        return  # entries behind it are reached from the other side
