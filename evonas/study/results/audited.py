"""The findings of an audit, and their effect on robustness values."""

from collections.abc import Iterable, Mapping

from evonas.errors import StorageError
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.study.journal.findings import Finding

AUDIT = "audit"
"""The kind of these findings; one for each network."""


def audited(findings: Iterable[Finding]) -> dict[str, LevelOne]:
    """The audit of each network, by key.

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
    """Upper bounds on the robustness of flagged networks, by key.

    A bound is the worst case over the search's attack and those of level 1.

    Args:
        found: audits by key.
    """
    return {key: each.worst_case for key, each in found.items() if each.flags}
