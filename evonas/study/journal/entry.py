"""One entry of the journal: its hash covers what it says and the hash of the entry before."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

NOTHING_BEFORE = ""  # in the place of a hash, for the first entry


@dataclass(frozen=True)
class Draft:
    """What is to be written.

    Attributes:
        kind: such as ``asked`` or ``told``; see :mod:`evonas.study.journal.kinds`.
        name: which of its kind; a journal has each at most once.
        body: as JSON.
    """

    kind: str
    name: str
    body: str

    @property
    def document(self) -> dict[str, Any]:
        """The body, read.

        Raises:
            ValueError: it is no JSON object.
        """
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError(f"expected a JSON object in the entry {self.kind} {self.name}")
        return document


@dataclass(frozen=True)
class Entry(Draft):
    """What was written.

    Attributes:
        position: from 1, without gaps: the order in which things happened.
        sha256: SHA-256 hash of the entry, as :func:`seal` takes it.
    """

    position: int
    sha256: str


def draft(kind: str, name: list[Any], body: dict[str, Any]) -> Draft:
    """An entry to be written.

    Args:
        kind: kind of the entry.
        name: its parts, words and numbers.
        body: what JSON can hold.

    Raises:
        ValueError: there is a number in the body that is none, or is infinite.
    """
    return Draft(kind, json.dumps(name), json.dumps(body, allow_nan=False))


def seal(previous: str, position: int, content: Draft) -> str:
    """The hash of an entry: SHA-256, in hexadecimal.

    Args:
        previous: the hash of the entry before, or :data:`NOTHING_BEFORE`.
        position: position of the entry.
        content: content of the entry.
    """
    # a number first, then JSON or a plain word in each line: no two contents have one text
    text = "\n".join((previous, str(position), content.kind, content.name, content.body))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(drafts: Iterable[Draft], *, after: Entry | None) -> list[Entry]:
    """Entries that go on from another one.

    Args:
        drafts: in their order.
        after: the last entry so far; None if there is none.
    """
    entries: list[Entry] = []
    for content in drafts:
        position = 1 if after is None else after.position + 1
        previous = NOTHING_BEFORE if after is None else after.sha256
        sha256 = seal(previous, position, content)
        after = Entry(content.kind, content.name, content.body, position, sha256)
        entries.append(after)
    return entries


def first_broken(entries: Sequence[Entry]) -> int | None:
    """The place of the first entry that is not what was written; None if all are.

    Args:
        entries: all of a journal, by position.
    """
    previous = NOTHING_BEFORE
    for place, entry in enumerate(entries):
        if entry.position != place + 1 or not is_intact(entry, previous=previous):
            return place
        previous = entry.sha256
    return None


def is_intact(entry: Entry, *, previous: str) -> bool:
    """Whether an entry is what was written, whatever became of those before it.

    Args:
        entry: to be looked at.
        previous: the hash that the entry before it says it has.
    """
    return entry.sha256 == seal(previous, entry.position, entry)
