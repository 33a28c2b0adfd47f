"""Interpret the entries of a journal.

All functions raise ValueError, TypeError or KeyError where an entry is damaged in a way that its
hash does not show, as in a journal of an earlier format.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from evonas.evaluation.record import Evaluation
from evonas.file_names import is_key
from evonas.study.journal.entry import Draft
from evonas.study.journal.events import (
    Asked,
    Event,
    NothingRequested,
    Promoted,
    Repeated,
    Retried,
    Told,
)
from evonas.study.journal.findings import Finding
from evonas.study.journal.kinds import (
    ACCEPTED,
    ASKED,
    BEGAN,
    CONFIRMED,
    ENDED,
    EXTENDED,
    FOUND,
    KNOWN,
    NOTHING_REQUESTED,
    PROMOTED,
    REPEATED,
    RETRIED,
    SEARCH,
    TOLD,
    TRAITS,
)
from evonas.study.journal.told_document import evaluation_of

_OF_A_CANDIDATE = (ASKED, REPEATED, RETRIED, PROMOTED, TOLD, CONFIRMED, FOUND, KNOWN)
"""The kinds of entry with a key, which becomes the name of files."""


def events_of(entries: Iterable[Draft]) -> list[Event]:
    """The events of the search since its last (re)start, in order.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    events: list[Event] = []
    for entry in since_extended(entries):
        document = _read(entry)
        if entry.kind == ASKED:
            events.append(Asked(document["key"], document["generation"]))
        elif entry.kind == REPEATED:
            events.append(Repeated(**document))
        elif entry.kind == RETRIED:
            events.append(Retried(**document))
        elif entry.kind == NOTHING_REQUESTED:
            events.append(NothingRequested())
        elif entry.kind == PROMOTED:
            events.append(Promoted(**document))
        elif entry.kind == TOLD:
            events.append(Told(evaluation_of(document)))
    return events


def evaluations_of(entries: Sequence[Draft]) -> list[Evaluation]:
    """The last result of every finished training of this search, in the order of requests.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    orders: dict[tuple[str, int], int] = {}
    last: dict[tuple[str, int], Evaluation] = {}
    for place, entry in enumerate(since_extended(entries)):
        if entry.kind in (ASKED, REPEATED):
            document = _read(entry)
            orders[document["key"], document.get("replicate", 0)] = place
        elif entry.kind == TOLD:
            evaluation = evaluation_of(_read(entry))
            last[evaluation.key, evaluation.replicate] = evaluation
    # one that was never requested is found and reported by the replay
    return [last[each] for each in sorted(last, key=lambda each: orders.get(each, 0))]


def has_ended(entries: Iterable[Draft]) -> bool:
    """Whether nothing happened since the search last ended."""
    last = [entry.kind for entry in entries if entry.kind in (*SEARCH, EXTENDED)][-1:]
    return last == [ENDED]


def told_of(entries: Iterable[Draft]) -> list[Evaluation]:
    """Every recorded result, of any search of the run.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    return [evaluation_of(_read(entry)) for entry in entries if entry.kind == TOLD]


def confirmations_of(entries: Iterable[Draft]) -> list[Evaluation]:
    """The last result of each confirmation, by candidate and replicate.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    trained = [evaluation_of(_read(entry)) for entry in entries if entry.kind == CONFIRMED]
    last = {(e.key, e.replicate): e for e in trained}
    return [last[each] for each in sorted(last)]


def findings_of(entries: Iterable[Draft], kind: str) -> list[Finding]:
    """The last findings of one kind, by candidate, name and replicate.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    all_kinds = [Finding(**_read(entry)) for entry in entries if entry.kind == FOUND]
    last = {(f.key, f.name, f.replicate): f for f in all_kinds if f.kind == kind}
    return [last[each] for each in sorted(last)]


def known_of(entries: Iterable[Draft]) -> list[Evaluation]:
    """Known results: saved from damage, or from the search at an earlier size.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    entries = list(entries)
    before = entries[: len(entries) - len(since_extended(entries))]
    known = [evaluation_of(_read(entry)) for entry in entries if entry.kind == KNOWN]
    told = [evaluation_of(_read(entry)) for entry in before if entry.kind == TOLD]
    return known + [each for each in told if each.epochs > 0 and is_reusable(each)]


def is_reusable(evaluation: Evaluation) -> bool:
    """Whether another search that requests the same training would get the same result.

    Not so if expensive objectives were skipped because others dominated it, or for a failure.
    """
    return evaluation.failure is None and not evaluation.bounds


def reusable_of(entries: Sequence[Draft]) -> list[Evaluation]:
    """Results that another run can reuse.

    Those from before other images were accepted are left out: the run's settings hold the hash of
    the present images.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    found: list[Evaluation] = []
    outdated: set[tuple[object, ...]] = set()
    for entry in entries:
        if entry.kind == ACCEPTED:
            outdated |= {_identity(each) for each in found}
            found = []
        elif entry.kind in (KNOWN, TOLD):
            evaluation = evaluation_of(_read(entry))
            # an extended search is told earlier results again
            if _identity(evaluation) not in outdated:
                found.append(evaluation)
    return [each for each in found if each.epochs > 0 and is_reusable(each)]


def extensions_of(entries: Iterable[Draft]) -> dict[str, int]:
    """The settings changed since the run started.

    Raises:
        ValueError: an entry is damaged.
    """
    changes: dict[str, int] = {}
    for entry in entries:
        if entry.kind == EXTENDED:
            changes |= _read(entry)
    return changes


def since_extended(entries: Iterable[Draft]) -> list[Draft]:
    """The entries from the last extension on; all if there was none."""
    found = list(entries)
    places = [place for place, entry in enumerate(found) if entry.kind == EXTENDED]
    return found[places[-1] :] if places else found


def accepted_of(entries: Iterable[Draft]) -> dict[str, str | None]:
    """The hashes of the last accepted images; empty if there are none.

    Raises:
        ValueError: an entry is damaged.
    """
    hashes: dict[str, str | None] = {}
    for entry in entries:
        if entry.kind == ACCEPTED:
            hashes = {n: value for n, value in _read(entry).items() if n != TRAITS}
    return hashes


def traits_of(entries: Iterable[Draft]) -> dict[str, Any] | None:
    """The traits of the present images; None if no entry holds them.

    Raises:
        ValueError: an entry is damaged.
    """
    traits: dict[str, Any] | None = None
    for entry in entries:
        if entry.kind in (BEGAN, ACCEPTED):
            traits = _read(entry).get(TRAITS) or traits
    return traits


def _identity(evaluation: Evaluation) -> tuple[object, ...]:
    """Of one measurement: another one of the same training takes another time."""
    return evaluation.key, evaluation.replicate, evaluation.epochs, evaluation.seconds


def _read(entry: Draft) -> dict[str, Any]:
    document = json.loads(entry.body, parse_constant=_no_number)
    if not isinstance(document, dict):
        raise ValueError(f"expected a mapping, got {entry.body:.40}")
    if entry.kind in _OF_A_CANDIDATE and not is_key(document["key"]):
        raise ValueError(f"key: expected one of a candidate, got {document['key']!r:.60}")
    return document


def _no_number(text: str) -> float:
    raise ValueError(f"expected a finite number, got {text}")
