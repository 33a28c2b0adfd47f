"""What the journal tells of, and how each is written as an entry.

The first seven kinds are the search itself, in the order in which it happened. Confirmations and
findings come from after it, accepted images and known results from outside.
"""

import json
from dataclasses import asdict, replace

from evonas.evaluation.record import Evaluation
from evonas.study.journal.entry import Draft, draft
from evonas.study.journal.findings import Finding

BEGAN = "began"
ASKED = "asked"
REPEATED = "repeated"
RETRIED = "retried"
ASKED_IN_VAIN = "asked-in-vain"
PROMOTED = "promoted"
TOLD = "told"
CONFIRMED = "confirmed"
FOUND = "found"
ACCEPTED = "accepted-data"
KNOWN = "known"
ENDED = "ended"
EXTENDED = "extended"
SEARCH = (ASKED, REPEATED, RETRIED, ASKED_IN_VAIN, PROMOTED, TOLD, ENDED)
"""What a search that is extended begins anew with; the results so far are then known."""


def asked(key: str, *, generation: int, genome: str) -> Draft:
    """A new candidate was asked for."""
    return draft(ASKED, [key], {"key": key, "generation": generation, "genome": genome})


def repeated(key: str, replicate: int, *, generation: int) -> Draft:
    """A known candidate is trained once more."""
    body = {"key": key, "replicate": replicate, "generation": generation}
    return draft(REPEATED, [key, replicate], body)


def retried(key: str, replicate: int, epochs: int, attempt: int) -> Draft:
    """A training that was lost to a cause outside the network is tried again.

    Args:
        key: key of the candidate.
        replicate: which of its trainings it is.
        epochs: up to the end of this one.
        attempt: from 1; no other of this training has it.
    """
    body = {"key": key, "replicate": replicate, "epochs": epochs, "attempt": attempt}
    return draft(RETRIED, [key, replicate, epochs, attempt], body)


def asked_in_vain(number: int) -> Draft:
    """There was nothing to ask for.

    Args:
        number: no other entry of this kind has it.
    """
    return draft(ASKED_IN_VAIN, [number], {})


def promoted(key: str, *, epochs: int) -> Draft:
    """A candidate is trained on, up to the end of this epoch."""
    return draft(PROMOTED, [key, epochs], {"key": key, "epochs": epochs})


def told(evaluation: Evaluation, *, attempt: int = 0) -> Draft:
    """The result of a candidate.

    Args:
        evaluation: the result.
        attempt: attempt of the retry that it is the result of; 0 for the first.

    Raises:
        ValueError: one of its numbers is none.
    """
    name = [evaluation.key, evaluation.replicate, evaluation.epochs]
    name += [attempt] if attempt else []
    return draft(TOLD, name, asdict(evaluation))


def extended(changes: dict[str, int], *, number: int) -> Draft:
    """The search begins anew, at another size.

    Args:
        changes: the settings that have another value from now on, by name.
        number: no other entry of this kind has it.
    """
    return draft(EXTENDED, [number], changes)


def of_search(content: Draft, *, number: int) -> Draft:
    """The entry with a name that no search before it has.

    Args:
        content: content of any kind.
        number: how often the search was extended.
    """
    if content.kind not in SEARCH or not number:
        return content
    return replace(content, name=json.dumps([*json.loads(content.name), f"search {number}"]))


def confirmed(evaluation: Evaluation, *, again: int = 0) -> Draft:
    """A training that played no part in the search.

    Args:
        evaluation: its result.
        again: 0 for the first result of the training; else a number that no other entry has.
    """
    name = [evaluation.key, evaluation.replicate, *([again] if again else [])]
    return draft(CONFIRMED, name, asdict(evaluation))


def found(finding: Finding, *, again: int = 0) -> Draft:
    """What was found out about a candidate after the search.

    Args:
        finding: the result.
        again: 0 for the first of its name; else a number that no other entry has.
    """
    name = [finding.kind, finding.key, finding.name, finding.replicate]
    return draft(FOUND, [*name, *([again] if again else [])], asdict(finding))


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
        hashes: hashes of the images, by the names of the settings.
        number: no other entry of this kind has it.
    """
    return draft(ACCEPTED, [number], hashes)
