"""What the audit of a front found, and what it does to the claims of networks."""

from collections.abc import Iterable, Mapping

from evonas.errors import StorageError
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.study.journal.findings import Finding

AUDIT = "audit"
"""The kind of these findings; each network has one."""


def audited(findings: Iterable[Finding]) -> dict[str, LevelOne]:
    """What was found of each network, by its key.

    Args:
        findings: findings of the kind :data:`AUDIT`.

    Raises:
        StorageError: one is damaged.
    """
    try:
        return {finding.key: LevelOne.from_document(finding.body) for finding in findings}
    except (KeyError, TypeError) as problem:
        raise StorageError(f"the journal holds a damaged audit: {problem!r}") from problem


def robust_at_most(found: Mapping[str, LevelOne]) -> dict[str, float]:
    """The most that may be believed of the robustness of those that are flagged, by key.

    It is the worst case over the attack of the search and those of level 1.

    Args:
        found: by key.
    """
    return {key: each.worst_case for key, each in found.items() if each.flags}
