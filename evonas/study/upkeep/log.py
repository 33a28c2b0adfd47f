"""The history of a run or of one candidate, entry by entry of the journal."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evonas.errors import UnknownNameError
from evonas.study.folder import readable_run
from evonas.study.journal import kinds
from evonas.study.journal.entry import Entry

_TRAININGS = {
    kinds.TOLD: "trained", kinds.CONFIRMED: "confirmed", kinds.KNOWN: "known",
}  # fmt: skip


@dataclass(frozen=True)
class LogLine:
    """One event.

    Attributes:
        number: number of the entry in the journal, from 1.
        key: key of the candidate; None if it concerns none.
        event: one word, such as ``asked`` or ``trained``.
        document: the full content of the journal entry.
        text: summary for readers.
    """

    number: int
    key: str | None
    event: str
    document: dict[str, Any]
    text: str


def read_log(folder: Path, key: str | None = None) -> list[LogLine]:
    """The journal of a run in readable form, even while another process writes to it.

    Args:
        folder: folder of the run.
        key: key of a candidate, or an unambiguous prefix of it; None for all events.

    Raises:
        RunFolderError: there is no run.
        StorageError: the journal is damaged.
        UnknownNameError: no candidate has this key, or several begin so.
    """
    with readable_run(folder) as (_, journal):
        lines = journal.read(lambda entries: [_line(entry) for entry in entries])
    if key is None:
        return lines
    keys = sorted({line.key for line in lines if line.key is not None})
    found = [each for each in keys if each.startswith(key)]
    if key in keys:
        found = [key]
    if len(found) != 1:
        what = f"{len(found)} begin so: {', '.join(found[:5])}" if found else "there is none"
        raise UnknownNameError(f"{folder}: expected the key of one candidate, got '{key}'; {what}")
    return [line for line in lines if line.key == found[0]]


def _line(entry: Entry) -> LogLine:
    document = entry.document
    event = _TRAININGS.get(entry.kind, entry.kind)
    key = document.get("key") if isinstance(document.get("key"), str) else None
    return LogLine(entry.position, key, event, document, ", ".join(_words(entry.kind, document)))


def _words(kind: str, document: dict[str, Any]) -> Iterator[str]:
    """The text of a line after the key and the event."""
    if "generation" in document:
        yield f"generation {document['generation'] + 1}"
    if kind == kinds.ASKED:
        yield str(document["genome"])
    if kind in (kinds.REPEATED, kinds.RETRIED, *_TRAININGS):
        yield f"training {document['replicate'] + 1}"
    if kind == kinds.RETRIED:
        yield f"attempt {document['attempt'] + 1}"
    if kind == kinds.PROMOTED:
        yield f"to epoch {document['epochs']}"
    if kind in _TRAININGS:
        yield from _results(document)
    if kind == kinds.FOUND:
        yield f"{document['kind']} {document['name']}"
    if kind in (kinds.EXTENDED, kinds.ACCEPTED):
        yield from (f"{n} {value}" for n, value in document.items() if n != kinds.TRAITS)


def _results(document: dict[str, Any]) -> Iterator[str]:
    if not document["epochs"]:
        yield "not trained"
    else:
        yield f"{document['epochs']} epochs in {document['seconds']:.1f} s"
    if document["losses"]:
        yield f"loss {document['losses'][-1]:.3f}"
    values = {**document["values"], **document.get("test_values", {})}
    yield from (f"{name} {value:.6g}" for name, value in values.items())
    for reason in ("failure", "left_out"):
        if document.get(reason):
            yield str(document[reason])
