"""Read the control trainings of a run; torch is not needed."""

from collections.abc import Sequence
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.record import Evaluation
from evonas.study.controls.names import KIND, NETWORK
from evonas.study.folder import readable_run
from evonas.study.journal.findings import Finding
from evonas.study.journal.told_document import evaluation_of

Trainings = dict[str, list[Evaluation]]
"""Trainings of one network by control, ordered by replicate, the network itself first."""


def read_controls(folder: Path) -> dict[str, Trainings]:
    """The trainings of all controls of the run in ``folder``, by the key of their network.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    with readable_run(folder) as (_, journal):
        return controls_of(journal.findings(KIND), journal.confirmations())


def controls_of(
    findings: Sequence[Finding], confirmations: Sequence[Evaluation]
) -> dict[str, Trainings]:
    """The trainings of all controls, from the content of a journal.

    Args:
        findings: findings of the kind ``control``.
        confirmations: confirmations of any candidates; those of networks without controls are
            ignored.
    """
    found: dict[str, Trainings] = {
        finding.key: {NETWORK: [e for e in confirmations if e.key == finding.key]}
        for finding in findings
    }
    for finding in findings:
        found[finding.key].setdefault(finding.name, []).append(_evaluation(finding))
    return found


def _evaluation(finding: Finding) -> Evaluation:
    try:
        return evaluation_of(finding.body)
    except (ValueError, TypeError, KeyError) as problem:
        raise StorageError(
            f"control '{finding.name}' of {finding.key}, training {finding.replicate}: its record "
            f"is not one of this version of evonas ({problem})"
        ) from problem
