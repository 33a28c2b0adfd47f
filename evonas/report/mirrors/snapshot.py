"""Read all data of a run that a mirror shows, also while another process works on the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evonas.report.mirrors.course import Volume, volumes_of
from evonas.report.mirrors.finals import FinalCurve, final_curves
from evonas.report.mirrors.history import Training, results_of, trainings_of
from evonas.search.replicates.replicated_engines import parse_replicates
from evonas.settings import Settings
from evonas.space import Space
from evonas.study.folder import readable_run
from evonas.study.journal.journal import Journal
from evonas.study.results.audited import AUDIT, audited, robust_at_most
from evonas.study.results.reading import RunState, run_state
from evonas.study.results.standing import read_standings
from evonas.study.shape import read_space
from evonas.study.upkeep.state import is_locked


@dataclass(frozen=True)
class Snapshot:
    """One run at one moment.

    Attributes:
        name: name of the run in the other tool.
        identity: hash of the first entry of its journal, which is unique to the run.
        settings: settings of the run.
        space: search space at the size of the run, with its rules.
        trainings: trainings with a result or in progress, in the order of their requests.
        volumes: hypervolume over trainings.
        state: estimates and candidates; None for a running search whose saved estimates are older
            than its last training, because recomputing them would compete for its cores.
        finals: learning curves of ``evonas train``.
        position: position of the last entry of the journal.
        is_running: whether a process is working on the run.
        has_ended: whether the search has ended.
    """

    name: str
    identity: str
    settings: Settings
    space: Space
    trainings: tuple[Training, ...]
    volumes: tuple[Volume, ...]
    state: RunState | None
    finals: tuple[FinalCurve, ...]
    position: int
    is_running: bool
    has_ended: bool

    @property
    def objectives(self) -> tuple[str, ...]:
        """Objectives of the run."""
        return self.settings.problem.objectives

    def parameters(self, genome: str) -> Mapping[str, str]:
        """The choices of a genome (operations, widths, rules), keyed by gene.

        Args:
            genome: the genome as text.
        """
        values = self.space.parse(genome).values
        return {
            gene.name: gene.choices[value]
            for gene, value in zip(self.space.genes, values, strict=True)
        }


def read_snapshot(folder: Path, *, name: str) -> Snapshot:
    """Read the current state of the run in ``folder``.

    Raises:
        RunFolderError: there is no run.
        StorageError: its files are damaged.
        SpaceError: the run's copy of its space is missing.
    """
    is_running = is_locked(folder)  # before the journal, so that an idle run is read completely
    with readable_run(folder) as (settings, journal):
        entries = journal.entries
        state = _state(folder, settings, journal, is_running=is_running)
        has_ended = journal.has_ended()
    return Snapshot(
        name=name,
        identity=entries[0].sha256,
        settings=settings,
        space=read_space(settings, folder),
        trainings=tuple(trainings_of(entries)),
        volumes=tuple(volumes_of(results_of(entries), settings)),
        state=state,
        finals=tuple(final_curves(folder)),
        position=entries[-1].position,
        is_running=is_running,
        has_ended=has_ended,
    )


def _state(
    folder: Path, settings: Settings, journal: Journal, *, is_running: bool
) -> RunState | None:
    if is_running and parse_replicates(settings.search.replicates) is None:
        held = robust_at_most(audited(journal.findings(AUDIT)))
        trainings = journal.evaluations()
        if read_standings(folder, trainings=trainings, robust_at_most=held) is None:
            return None
    return run_state(folder, settings, journal)
