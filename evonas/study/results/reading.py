"""The present state of a run, for readers; for a finished run, torch is not needed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evonas.errors import StorageError, UnknownNameError, show
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.record import Evaluation
from evonas.search.replicates.replicated_engines import parse_replicates
from evonas.settings import Settings
from evonas.study.folder import readable_run
from evonas.study.journal.journal import Journal
from evonas.study.results.audited import AUDIT, audited, robust_at_most
from evonas.study.results.candidate import Candidate, candidates_of
from evonas.study.results.confirmed import Confirmed, summarise, trained_values
from evonas.study.results.standing import Standing, plain_standings, read_standings, standings
from evonas.study.results.trainings import trained


@dataclass(frozen=True)
class RunState:
    """One run.

    Attributes:
        folder: folder of the run.
        settings: settings of the run.
        evaluations: one for each training of the search, and for each candidate refused before
            its training, in the order of requests.
        candidates: the candidates, in the order of first request.
        confirmed: confirmations by key; empty if there are none.
        audited: audits by key; empty if there are none.
    """

    folder: Path
    settings: Settings
    evaluations: list[Evaluation]
    candidates: list[Candidate]
    confirmed: dict[str, Confirmed]
    audited: dict[str, LevelOne]

    @property
    def num_trainings(self) -> int:
        """Number of trainings with a result, failures included."""
        return len(trained(self.evaluations))

    def find(self, key: str) -> Candidate:
        """One candidate.

        Args:
            key: key of the candidate, or an unambiguous prefix of it.

        Raises:
            UnknownNameError: no candidate has this key, or several begin so.
        """
        if not isinstance(key, str):
            raise UnknownNameError(f"key: expected a text, got {show(key)}")
        found = [c for c in self.candidates if c.key.startswith(key)] if key else []
        exact = [c for c in found if c.key == key]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            keys = ", ".join(c.key for c in found[:5])
            raise UnknownNameError(
                f"{len(found)} candidates of {self.folder} have keys that begin with '{key}': "
                f"{keys}"
            )
        raise UnknownNameError(
            f"{self.folder}: no candidate has the key '{key}'; see candidates.csv, or "
            "Study.candidates"
        )


def read_run(folder: Path) -> RunState:
    """The run in ``folder``, even while another process is working on it.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    with readable_run(folder) as (settings, journal):
        return run_state(folder, settings, journal)


def run_state(folder: Path, settings: Settings, journal: Journal) -> RunState:
    """The state of a run that is already open.

    Args:
        folder: folder of the run.
        settings: settings of the run.
        journal: journal of the run.
    """
    trainings, found = journal.evaluations(), audited(journal.findings(AUDIT))
    confirmations = journal.confirmations()
    _check_values(folder, trainings, needed=settings.problem.objectives)
    _check_values(folder, confirmations, needed=_most_names(confirmations))
    known = _standings(folder, trainings, settings, robust_at_most(found))
    return RunState(
        folder=folder,
        settings=settings,
        evaluations=trainings,
        candidates=candidates_of(trainings, known, objectives=settings.problem.objectives),
        confirmed=summarise(confirmations),
        audited=found,
    )


def _most_names(confirmations: Sequence[Evaluation]) -> set[str]:
    return {name for each in confirmations for name in trained_values(each)}


def _check_values(
    folder: Path, trainings: Sequence[Evaluation], *, needed: Collection[str]
) -> None:
    for each in trainings:
        if not each.contends or each.violation:
            continue
        known = each.values.keys() | trained_values(each).keys()
        missing = [name for name in needed if name not in known]
        if missing:
            raise StorageError(
                f"{folder}: training {each.replicate} of {each.key} did not fail and has no "
                f"{', '.join(missing)}; the journal is inconsistent; "
                "restore the run from a backup"
            )


def _standings(
    folder: Path,
    trainings: list[Evaluation],
    settings: Settings,
    held: Mapping[str, float],
) -> dict[str, Standing]:
    if parse_replicates(settings.search.replicates) is not None:
        return plain_standings(trainings, settings, robust_at_most=held)
    kept = read_standings(folder, trainings=trainings, robust_at_most=held)
    if kept is not None:
        return kept
    from evonas.study.shape import read_space  # needs the rules, and so torch

    space = read_space(settings, folder)
    return standings(trainings, settings, space=space, robust_at_most=held)
