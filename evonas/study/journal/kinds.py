"""What the journal tells of, and how each is written as an entry and read back.

The first six kinds are the search itself, in the order in which it happened. Confirmations and
findings come from after it, accepted images and known results from outside.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from evonas.evaluation.record import Evaluation
from evonas.study.journal.entry import Draft, draft
from evonas.study.journal.events import Asked, AskedInVain, Event, Promoted, Repeated, Told
from evonas.study.journal.findings import Finding

BEGAN = "began"
ASKED = "asked"
REPEATED = "repeated"
ASKED_IN_VAIN = "asked-in-vain"
PROMOTED = "promoted"
TOLD = "told"
CONFIRMED = "confirmed"
FOUND = "found"
ACCEPTED = "accepted-data"
KNOWN = "known"
ENDED = "ended"


def asked(key: str, *, generation: int, genome: str) -> Draft:
    """A new candidate was asked for."""
    return draft(ASKED, [key], {"key": key, "generation": generation, "genome": genome})


def repeated(key: str, replicate: int, *, generation: int) -> Draft:
    """A known candidate is trained once more."""
    body = {"key": key, "replicate": replicate, "generation": generation}
    return draft(REPEATED, [key, replicate], body)


def asked_in_vain(number: int) -> Draft:
    """There was nothing to ask for.

    Args:
        number: no other entry of this kind has it.
    """
    return draft(ASKED_IN_VAIN, [number], {})


def promoted(key: str, *, epochs: int) -> Draft:
    """A candidate is trained on, up to the end of this epoch."""
    return draft(PROMOTED, [key, epochs], {"key": key, "epochs": epochs})


def told(evaluation: Evaluation) -> Draft:
    """The result of a candidate.

    Raises:
        ValueError: one of its numbers is none.
    """
    name = [evaluation.key, evaluation.replicate, evaluation.epochs]
    return draft(TOLD, name, asdict(evaluation))


def confirmed(evaluation: Evaluation) -> Draft:
    """A training that played no part in the search."""
    return draft(CONFIRMED, [evaluation.key, evaluation.replicate], asdict(evaluation))


def found(finding: Finding) -> Draft:
    """What was found out about a candidate after the search."""
    name = [finding.kind, finding.key, finding.name, finding.replicate]
    return draft(FOUND, name, asdict(finding))


def known(evaluation: Evaluation) -> Draft:
    """A result that need not be made again when its training is asked for.

    Raises:
        ValueError: one of its numbers is none.
    """
    name = [evaluation.key, evaluation.replicate, evaluation.epochs]
    return draft(KNOWN, name, asdict(evaluation))


def ended(number: int) -> Draft:
    """The search came to its end.

    Args:
        number: no other entry of this kind has it.
    """
    return draft(ENDED, [number], {})


def accepted(hashes: dict[str, str | None], *, number: int) -> Draft:
    """The run goes on with other images than it began with.

    Args:
        hashes: of the images, by the names of the settings.
        number: no other entry of this kind has it.
    """
    return draft(ACCEPTED, [number], hashes)


def events_of(entries: Iterable[Draft]) -> list[Event]:
    """What happened in the search, in its order.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    events: list[Event] = []
    for entry in entries:
        document = _read(entry)
        if entry.kind == ASKED:
            events.append(Asked(document["key"], document["generation"]))
        elif entry.kind == REPEATED:
            events.append(Repeated(**document))
        elif entry.kind == ASKED_IN_VAIN:
            events.append(AskedInVain())
        elif entry.kind == PROMOTED:
            events.append(Promoted(**document))
        elif entry.kind == TOLD:
            events.append(Told(_evaluation(document)))
    return events


def evaluations_of(entries: Sequence[Draft]) -> list[Evaluation]:
    """The last result of every training that has one, in the order of asking.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    orders: dict[tuple[str, int], int] = {}
    last: dict[tuple[str, int], Evaluation] = {}
    for place, entry in enumerate(entries):
        if entry.kind in (ASKED, REPEATED):
            document = _read(entry)
            orders[document["key"], document.get("replicate", 0)] = place
        elif entry.kind == TOLD:
            evaluation = _evaluation(_read(entry))
            last[evaluation.key, evaluation.replicate] = evaluation
    # one that was never asked for is found by the replay, which says so
    return [last[each] for each in sorted(last, key=lambda each: orders.get(each, 0))]


def has_ended(entries: Iterable[Draft]) -> bool:
    """Whether nothing happened in the search since it last came to its end."""
    search = (ASKED, REPEATED, ASKED_IN_VAIN, PROMOTED, TOLD, ENDED)
    last = [entry.kind for entry in entries if entry.kind in search][-1:]
    return last == [ENDED]


def confirmations_of(entries: Iterable[Draft]) -> list[Evaluation]:
    """What was trained to confirm the front, by candidate and replicate.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    trained = [_evaluation(_read(entry)) for entry in entries if entry.kind == CONFIRMED]
    return sorted(trained, key=lambda e: (e.key, e.replicate))


def findings_of(entries: Iterable[Draft], kind: str) -> list[Finding]:
    """What was found out of one kind, by candidate, name and replicate.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    all_kinds = [Finding(**_read(entry)) for entry in entries if entry.kind == FOUND]
    mine = [finding for finding in all_kinds if finding.kind == kind]
    return sorted(mine, key=lambda finding: (finding.key, finding.name, finding.replicate))


def known_of(entries: Iterable[Draft]) -> list[Evaluation]:
    """Results that need not be made again.

    Raises:
        ValueError, TypeError, KeyError: an entry is damaged.
    """
    return [_evaluation(_read(entry)) for entry in entries if entry.kind == KNOWN]


def accepted_of(entries: Iterable[Draft]) -> dict[str, str | None]:
    """The hashes of the images that were accepted last; empty if none ever were.

    Raises:
        ValueError: an entry is damaged.
    """
    hashes: dict[str, str | None] = {}
    for entry in entries:
        if entry.kind == ACCEPTED:
            hashes = _read(entry)
    return hashes


def _read(entry: Draft) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(entry.body, parse_constant=_no_number)
    return document


def _no_number(text: str) -> float:
    raise ValueError(f"expected a finite number, got {text}")


def _evaluation(document: dict[str, Any]) -> Evaluation:
    return Evaluation(**{**document, "losses": tuple(document["losses"])})
