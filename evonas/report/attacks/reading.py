"""Read the results of attacks on a run's networks from its journal, without torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from evonas.errors import StorageError
from evonas.evaluation.attacks.battery.outcome import Outcome
from evonas.evaluation.attacks.masking.report import Masking
from evonas.study.journal.findings import Finding

ATTACK = "attack"
"""Kind of these findings: one for each attack, radius and gradient, and one per diagnosis."""

_MASKING = "masking"


@dataclass(frozen=True)
class Attacked:
    """Attacks on one network with one set of images.

    Attributes:
        key: key of the candidate.
        part: ``validation`` or ``test``.
        images: number of images requested; attacks that change a few pixels use fewer.
        seed: seed of the attacks.
        outcomes: outcomes of all attacks.
        masking: masking diagnostics, keyed by radius as text.
    """

    key: str
    part: str
    images: int
    seed: int
    outcomes: tuple[Outcome, ...]
    masking: dict[str, Masking]


def read_attacks(findings: Iterable[Finding]) -> list[Attacked]:
    """The results of ``evonas attack``, grouped by network and set of images.

    Args:
        findings: findings of the kind :data:`ATTACK`; names start with part, images and seed.

    Raises:
        StorageError: a finding is damaged.
    """
    grouped: dict[tuple[str, str, int, int], tuple[list[Outcome], dict[str, Masking]]] = {}
    try:
        for finding in findings:
            part, images, seed, name = finding.name.split(" ", 3)
            group = (finding.key, part, int(images), int(seed))
            outcomes, masking = grouped.setdefault(group, ([], {}))
            if name.startswith(f"{_MASKING} "):
                masking[name.removeprefix(f"{_MASKING} ")] = Masking.from_document(finding.body)
            else:
                outcomes.append(Outcome.from_document(finding.body))
    except (KeyError, TypeError, ValueError) as problem:
        raise StorageError(f"the journal holds a damaged attack: {problem!r}") from problem
    return [
        Attacked(*group, outcomes=tuple(outcomes), masking=masking)
        for group, (outcomes, masking) in grouped.items()
    ]
