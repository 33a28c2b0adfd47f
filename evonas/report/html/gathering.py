"""Gather all data of a run for its report in one read, also while the run is in progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evonas.file_names import path_text
from evonas.report.attacks.reading import ATTACK, Attacked, read_attacks
from evonas.report.controls.twin import Differences, twin_differences
from evonas.space import Space
from evonas.study.config import CONFIG_FILE, VERSIONS, read_document
from evonas.study.controls.names import KIND
from evonas.study.controls.reading import Trainings, controls_of
from evonas.study.final.result import FinalResult, read_result
from evonas.study.folder import readable_run
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.likely import likely_front
from evonas.study.results.reading import RunState, run_state
from evonas.study.shape import read_space
from evonas.study.upkeep.state import is_locked

FINAL_FOLDER = "final"


@dataclass(frozen=True)
class RunData:
    """Data of one run.

    Attributes:
        name: name of the run, unique in the report.
        state: settings, trainings, candidates, confirmations and audits.
        space: search space at the size of the run, with its rules.
        front: candidates of the front, sorted by the first objective, the best first.
        likely: other candidates with a good chance of being on the front.
        controls: trainings of the controls, keyed by their network.
        attacks: results of ``evonas attack``.
        finals: results of ``evonas train``, keyed by network.
        versions: versions of packages at the start of the run; None if not recorded.
        digest: hash of the configuration and the space.
        head: hash of the last entry of the journal.
        is_running: whether a process is working on the run.
    """

    name: str
    state: RunState
    space: Space
    front: tuple[Candidate, ...]
    likely: tuple[Candidate, ...]
    controls: Mapping[str, Trainings]
    attacks: tuple[Attacked, ...]
    finals: Mapping[str, tuple[FinalResult, ...]]
    versions: Mapping[str, str] | None
    digest: str
    head: str
    is_running: bool

    @property
    def objectives(self) -> tuple[str, ...]:
        """Objectives of the run."""
        return self.state.settings.problem.objectives

    @property
    def twins(self) -> dict[str, Differences]:
        """Differences between networks and their ``bp`` twins, keyed by network."""
        return twin_differences(self.controls)

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """The front, followed by the other candidates that are likely to be on it."""
        return self.front + self.likely


def gather(folder: Path, *, name: str) -> RunData:
    """Read the run in ``folder``.

    Args:
        folder: folder of the run.
        name: name of the run in the report.

    Raises:
        RunFolderError: there is no run.
        StorageError: its files are damaged.
        SpaceError: the run's copy of its space is missing.
    """
    with readable_run(folder) as (settings, journal):
        state = run_state(folder, settings, journal)
        controls = controls_of(journal.findings(KIND), journal.confirmations())
        attacks = read_attacks(journal.findings(ATTACK))
        versions, digest, head = journal.versions(), journal.digest(), journal.entries[-1].sha256
    if versions is None:  # runs of earlier versions have them only in their configuration
        versions = read_document(folder / CONFIG_FILE).get(VERSIONS)
    chosen = front(state.candidates, settings.problem.objectives)
    keys = {candidate.key for candidate in chosen}
    return RunData(
        name=name,
        state=state,
        space=read_space(settings, folder),
        front=tuple(chosen),
        likely=tuple(c for c in likely_front(state.candidates) if c.key not in keys),
        controls=controls,
        attacks=tuple(attacks),
        finals=_finals(folder),
        versions=versions,
        digest=digest,
        head=head,
        is_running=is_locked(folder),
    )


def names_of(folders: Sequence[Path]) -> list[str]:
    """A short name for each run: its folder's name, with the parent's name if it is ambiguous."""
    resolved = [folder.resolve() for folder in folders]
    last = [folder.name for folder in resolved]
    return [
        path_text(name if last.count(name) == 1 else f"{folder.parent.name}/{name}")
        for folder, name in zip(resolved, last, strict=True)
    ]


def _finals(folder: Path) -> dict[str, tuple[FinalResult, ...]]:
    """Results of the final trainings that have ended, keyed by network."""
    found: dict[str, tuple[FinalResult, ...]] = {}
    for home in sorted((folder / FINAL_FOLDER).glob("*/")):
        seeds = [read_result(place) for place in sorted(home.glob("seed-*/"))]
        ended = tuple(sorted((s for s in seeds if s is not None), key=lambda s: s.seed))
        if ended:
            found[home.name] = ended
    return found
