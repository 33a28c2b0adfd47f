"""The kinds of journal entries, and how each is written.

The first seven kinds record the search itself, in order. Confirmations and findings follow it;
accepted images and known results come from outside.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from evonas.evaluation.record import Evaluation
from evonas.study.journal.entry import Draft, draft
from evonas.study.journal.findings import Finding

BEGAN = "began"
ASKED = "asked"
REPEATED = "repeated"
RETRIED = "retried"
NOTHING_REQUESTED = "asked-in-vain"
PROMOTED = "promoted"
TOLD = "told"
CONFIRMED = "confirmed"
FOUND = "found"
ACCEPTED = "accepted-data"
KNOWN = "known"
ENDED = "ended"
EXTENDED = "extended"
SEARCH = (ASKED, REPEATED, RETRIED, NOTHING_REQUESTED, PROMOTED, TOLD, ENDED)
"""Marks the restart of an extended search; the results so far become known results."""
TRAITS = "traits"  # of the images, in the entries BEGAN and ACCEPTED


def asked(key: str, *, generation: int, genome: str) -> Draft:
    """A new candidate was requested."""
    return draft(ASKED, [key], {"key": key, "generation": generation, "genome": genome})


def repeated(key: str, replicate: int, *, generation: int) -> Draft:
    """A known candidate gets another replicate."""
    body = {"key": key, "replicate": replicate, "generation": generation}
    return draft(REPEATED, [key, replicate], body)


def retried(key: str, replicate: int, epochs: int, attempt: int) -> Draft:
    """A training lost to a cause outside the network is retried.

    Args:
        key: key of the candidate.
        replicate: number of the training.
        epochs: last epoch to train.
        attempt: from 1, unique for this training.
    """
    body = {"key": key, "replicate": replicate, "epochs": epochs, "attempt": attempt}
    return draft(RETRIED, [key, replicate, epochs, attempt], body)


def nothing_requested(number: int) -> Draft:
    """The search had nothing to request.

    Args:
        number: unique for this kind.
    """
    return draft(NOTHING_REQUESTED, [number], {})


def promoted(key: str, *, epochs: int) -> Draft:
    """A candidate is promoted, to be trained up to the end of this epoch."""
    return draft(PROMOTED, [key, epochs], {"key": key, "epochs": epochs})


def told(evaluation: Evaluation, *, attempt: int = 0) -> Draft:
    """The result of a candidate.

    Args:
        evaluation: the result.
        attempt: number of the retry that gave this result; 0 for the first training.

    Raises:
        ValueError: one of its numbers is NaN or infinite.
    """
    name = [evaluation.key, evaluation.replicate, evaluation.epochs]
    name += [attempt] if attempt else []
    return draft(TOLD, name, asdict(evaluation))


def extended(changes: dict[str, int], *, number: int) -> Draft:
    """The search restarts at another size.

    Args:
        changes: the changed settings, by name.
        number: unique for this kind.
    """
    return draft(EXTENDED, [number], changes)


def of_search(content: Draft, *, number: int) -> Draft:
    """The entry under a name that no earlier search uses.

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
        again: 0 for the first result of the training; otherwise a unique number.
    """
    name = [evaluation.key, evaluation.replicate, *([again] if again else [])]
    return draft(CONFIRMED, name, asdict(evaluation))


def found(finding: Finding, *, again: int = 0) -> Draft:
    """A finding about a candidate after the search.

    Args:
        finding: the result.
        again: 0 for the first of its name; otherwise a unique number.
    """
    name = [finding.kind, finding.key, finding.name, finding.replicate]
    return draft(FOUND, [*name, *([again] if again else [])], asdict(finding))


def known(evaluation: Evaluation) -> Draft:
    """A known result, which replaces its training when that is requested.

    Raises:
        ValueError: one of its numbers is NaN or infinite.
    """
    name = [evaluation.key, evaluation.replicate, evaluation.epochs]
    return draft(KNOWN, name, asdict(evaluation))


def ended(number: int) -> Draft:
    """The search ended.

    Args:
        number: unique for this kind.
    """
    return draft(ENDED, [number], {})


def accepted(
    hashes: Mapping[str, str | None], *, traits: Mapping[str, Any] | None, number: int
) -> Draft:
    """The run continues with other images than it started with.

    Args:
        hashes: hashes of the images, by the names of the settings.
        traits: traits of the images; None if unchanged.
        number: unique for this kind.
    """
    more = {} if traits is None else {TRAITS: dict(traits)}
    return draft(ACCEPTED, [number], {**hashes, **more})
