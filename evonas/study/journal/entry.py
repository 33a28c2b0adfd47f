"""One entry of the journal: its hash covers its content and the hash of the entry before."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

NOTHING_BEFORE = ""  # replaces the hash for the first entry


@dataclass(frozen=True)
class Draft:
    """The content of an entry.

    Attributes:
        kind: such as ``asked`` or ``told``; see :mod:`evonas.study.journal.kinds`.
        name: identifies it within its kind; unique in a journal.
        body: JSON text.
    """

    kind: str
    name: str
    body: str

    @property
    def document(self) -> dict[str, Any]:
        """The parsed body.

        Raises:
            ValueError: it is not a JSON object.
        """
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError(f"expected a JSON object in the entry {self.kind} {self.name}")
        return document


@dataclass(frozen=True)
class Entry(Draft):
    """A written entry.

    Attributes:
        position: from 1, without gaps: the order of events.
        sha256: SHA-256 hash of the entry, see :func:`seal`.
    """

    position: int
    sha256: str


def draft(kind: str, name: list[Any], body: dict[str, Any]) -> Draft:
    """Create the content of an entry.

    Args:
        kind: kind of the entry.
        name: its parts: words and numbers.
        body: anything that JSON can hold.

    Raises:
        ValueError: a number in the body is NaN or infinite.
    """
    return Draft(kind, json.dumps(name), json.dumps(body, allow_nan=False))


def seal(previous: str, position: int, content: Draft) -> str:
    """The hash of an entry: SHA-256, in hexadecimal.

    Args:
        previous: the hash of the entry before, or :data:`NOTHING_BEFORE`.
        position: position of the entry.
        content: content of the entry.
    """
    # a number first, then JSON or a plain word in each line, so the text is unambiguous
    text = "\n".join((previous, str(position), content.kind, content.name, content.body))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(drafts: Iterable[Draft], *, after: Entry | None) -> list[Entry]:
    """Seal entries that follow another one.

    Args:
        drafts: their contents, in order.
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
    """The index of the first entry that does not match its hash; None if all do.

    Args:
        entries: all entries of a journal, by position.
    """
    previous = NOTHING_BEFORE
    for place, entry in enumerate(entries):
        if entry.position != place + 1 or not is_intact(entry, previous=previous):
            return place
        previous = entry.sha256
    return None


def is_intact(entry: Entry, *, previous: str) -> bool:
    """Whether an entry matches its hash, regardless of those before it.

    Args:
        entry: the entry to check.
        previous: the stated hash of the entry before it.
    """
    return entry.sha256 == seal(previous, entry.position, entry)
