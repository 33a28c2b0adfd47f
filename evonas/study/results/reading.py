"""A run as it stands, for those who only read; torch is not needed for one that has ended."""

from dataclasses import dataclass
from pathlib import Path

from evonas.errors import UnknownNameError
from evonas.evaluation.record import Evaluation
from evonas.search.replicates.replicated_engines import parse_replicates
from evonas.settings import Settings
from evonas.study.folder import readable_run
from evonas.study.results.candidate import Candidate, candidates_of
from evonas.study.results.confirmed import Confirmed, summarise
from evonas.study.results.standing import Standing, plain_standings, read_standings, standings


@dataclass(frozen=True)
class RunState:
    """One run.

    Attributes:
        folder: of the run.
        settings: of the run.
        evaluations: of every training of the search, in the order of asking.
        candidates: what these come to, in the order in which they were first asked for.
        confirmed: by key, what candidates were confirmed by; empty if nothing was.
    """

    folder: Path
    settings: Settings
    evaluations: list[Evaluation]
    candidates: list[Candidate]
    confirmed: dict[str, Confirmed]

    def find(self, key: str) -> Candidate:
        """One candidate.

        Args:
            key: of the candidate, or the beginning of it that no other has.

        Raises:
            UnknownNameError: no candidate has this key, or several begin so.
        """
        found = [c for c in self.candidates if c.key.startswith(key)] if key else []
        exact = [c for c in found if c.key == key]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            keys = ", ".join(c.key for c in found[:5])
            raise UnknownNameError(
                f"{len(found)} candidates of {self.folder} begin by '{key}': {keys}"
            )
        raise UnknownNameError(
            f"{self.folder}: no candidate has the key '{key}'; see candidates.csv, or "
            "Study.candidates"
        )


def read_run(folder: Path) -> RunState:
    """The run in ``folder``, also while another process is at work on it.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    with readable_run(folder) as (settings, journal):
        trainings, confirmations = journal.evaluations(), journal.confirmations()
    found = _standings(folder, trainings, settings)
    return RunState(
        folder=folder,
        settings=settings,
        evaluations=trainings,
        candidates=candidates_of(trainings, found, objectives=settings.problem.objectives),
        confirmed=summarise(confirmations),
    )


def read_confirmed(folder: Path) -> dict[str, Confirmed]:
    """What candidates of the run in ``folder`` were confirmed by, by key, and nothing else of it.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    with readable_run(folder) as (_, journal):
        return summarise(journal.confirmations())


def _standings(
    folder: Path, trainings: list[Evaluation], settings: Settings
) -> dict[str, Standing]:
    if parse_replicates(settings.search.replicates) is not None:
        return plain_standings(trainings, settings)
    kept = read_standings(folder, num_trainings=len(trainings))
    if kept is not None:
        return kept
    from evonas.study.shape import read_space  # needs the rules, and so torch

    return standings(trainings, settings, space=read_space(settings, folder))
