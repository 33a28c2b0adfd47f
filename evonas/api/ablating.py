"""A network of a run compared with its controls: training, comparison, files."""

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from evonas.api.progress_bar import count_display
from evonas.api.running import executor_of, write_run_tables
from evonas.report.controls.comparison import Comparison, compare_controls
from evonas.report.controls.files import (
    PICTURE_FILE,
    controls_folder,
    controls_table,
    write_tables,
)
from evonas.report.controls.verdict import sentences
from evonas.settings.workers import Workers
from evonas.study.controls.options import (
    ARCHITECTURES,
    RANDOM,
    REPLICATES,
    SHUFFLED,
    ControlOptions,
)
from evonas.study.controls.reading import read_controls
from evonas.study.controls.retrying import lost_trainings
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmation import Progressed
from evonas.study.results.reading import RunState, read_run

if TYPE_CHECKING:
    import pandas as pd


BAR_TITLE = "training controls"


@dataclass(frozen=True)
class Ablation:
    """A network compared with its controls.

    Attributes:
        key: key of the network.
        folder: with ``controls.csv``, ``controls.json`` and ``controls.png``.
        comparisons: one for each control and measure.
        table: the same as ``controls.csv``.
        left_out: controls that do not exist, each with the reason.

    Examples:
        >>> found = evonas.search("tiny", objectives=["acc", "params"], **quick)
        >>> few = {"random": 0, "shuffled": 0, "architectures": 0, "rules": ["usf"]}
        >>> ablation = found.ablate(found.front.index[0], replicates=1, progress=False, **few)
        >>> "untrained convolutions" in set(ablation.table.control)
        True
    """

    key: str
    folder: Path
    comparisons: list[Comparison]
    table: "pd.DataFrame"
    left_out: tuple[str, ...]

    @property
    def verdict(self) -> list[str]:
        """The conclusions: one sentence for each kind of control and each measure."""
        return sentences(self.comparisons)


def ablate(
    run: str | PathLike[str],
    key: str,
    *,
    replicates: int = REPLICATES,
    rules: Iterable[str] | None = None,
    random: int = RANDOM,
    shuffled: int = SHUFFLED,
    architectures: int = ARCHITECTURES,
    networks: Iterable[str] = (),
    network_rules: Iterable[str] = ("bp",),
    workers: int | str | None = None,
    timeout: float | None = None,
    retry_failed: bool = False,
    progress: bool = True,
) -> Ablation:
    """Train a network of a run and its controls with equal seeds, and compare them.

    Earlier trainings count: an interrupted call continues, and more replicates or controls add to
    the existing ones. ``docs/controls.md`` says what each control is.

    Args:
        run: a study or the folder of a run.
        key: key of the network, or an unambiguous prefix of it.
        replicates: trainings of the network and of each control.
        rules: single rules to train the whole network under; those of the run if None.
        random: random assignments of the run's rules.
        shuffled: random reassignments of the network's own rules to its layers.
        architectures: random architectures with the network's share of rules.
        networks: ``resnet20`` and ``resnet56``.
        network_rules: rules that each of these is trained under.
        workers: trainings in parallel, or a Dask cluster as for ``--workers``; None for one per
            core, or what suits the GPU.
        timeout: time limit for a training in seconds; None for no limit.
        retry_failed: whether to repeat those of these trainings that were lost to out of memory, a
            timeout or a dead worker.
        progress: whether to show a progress bar.

    Raises:
        InputError: there is no such network, rule or control, or a number is out of range.
        StorageError: the run's files are damaged.
        KeyboardInterrupt: the user interrupted; finished trainings are kept, and the next call
            continues.

    Examples:
        >>> folder = evonas.search("tiny", objectives=["acc", "params"], **quick).folder
        >>> key = evonas.load_study(folder).front.index[0]
        >>> few = {"random": 0, "shuffled": 0, "architectures": 0, "rules": ["usf"]}
        >>> ablation = evonas.ablate(folder, key, replicates=1, progress=False, **few)
        >>> "all bp" in set(ablation.table.control)
        True
    """
    options = ControlOptions(
        replicates=replicates,
        rules=None if rules is None else tuple(rules),
        random=random,
        shuffled=shuffled,
        architectures=architectures,
        networks=tuple(networks),
        network_rules=tuple(network_rules),
    )
    with count_display(is_quiet=not progress, title=BAR_TITLE, unit="trainings") as show:
        return ablate_and_write(
            Path(run), key, options=options, workers=Workers.of(workers, timeout),
            on_progress=show, retry_failed=retry_failed,
        )  # fmt: skip


def ablate_and_write(
    folder: Path,
    key: str,
    *,
    options: ControlOptions,
    workers: Workers,
    on_progress: Progressed,
    retry_failed: bool = False,
) -> Ablation:
    """:func:`ablate` for commands.

    Args:
        folder: folder of the run.
        key: key of the network.
        options: which controls.
        workers: where networks are trained.
        on_progress: called with the number of finished trainings and their total.
        retry_failed: whether to repeat trainings lost to a cause outside the network.

    Raises:
        EvonasError: see :func:`ablate`.
    """
    from evonas.study.controls.training import train_controls  # needs torch

    run = read_run(folder)
    candidate = run.find(key)
    left_out: tuple[str, ...] = ()
    try:
        with executor_of(run.settings, workers) as executor:
            planned = train_controls(
                folder, candidate, options=options, executor=executor, on_progress=on_progress,
                retry_failed=retry_failed,
            )  # fmt: skip
            left_out = planned.left_out
    finally:
        ablation = _written(run, candidate, left_out)
        write_run_tables(folder)
    return ablation


def ablate_front(folder: Path, *, workers: Workers, on_progress: Progressed) -> list[Ablation]:
    """Train the default controls of every network that the run in ``folder`` returned.

    Args:
        folder: folder of the run.
        workers: where networks are trained.
        on_progress: called with the number of finished trainings of a network and their total.

    Raises:
        EvonasError: see :func:`ablate`.
    """
    run = read_run(folder)
    options = ControlOptions()
    return [
        ablate_and_write(
            folder, network.key, options=options, workers=workers, on_progress=on_progress
        )
        for network in front(run.candidates, run.settings.problem.objectives)
    ]


def retry_lost_controls(
    folder: Path, *, workers: Workers, on_progress: Progressed
) -> list[Ablation]:
    """Repeat the control trainings of a run that were lost to a cause outside the network.

    Args:
        folder: folder of the run.
        workers: where networks are trained.
        on_progress: called with the number of finished trainings of a network and their total.

    Returns:
        The networks that had such controls, each compared with its controls.

    Raises:
        EvonasError: see :func:`ablate`.
    """
    run = read_run(folder)
    lost = [key for key, some in read_controls(folder).items() if lost_trainings(some)]
    if not lost:
        return []
    from evonas.study.controls.training import retry_controls  # needs torch

    found: list[Ablation] = []
    for candidate in map(run.find, lost):
        try:
            with executor_of(run.settings, workers) as executor:
                retry_controls(folder, candidate, executor=executor, on_progress=on_progress)
        finally:
            found.append(_written(run, candidate, ()))
            write_run_tables(folder)
    return found


def _written(run: RunState, candidate: Candidate, left_out: tuple[str, ...]) -> Ablation:
    """Compare what is trained so far, and write the files."""
    folder = controls_folder(run.folder, candidate.key)
    trainings = read_controls(run.folder).get(candidate.key, {})
    comparisons = compare_controls(trainings)
    table = controls_table(comparisons, trainings)
    if comparisons:
        from evonas.report.controls.plot import draw_controls  # matplotlib takes long to import

        write_tables(run.folder, candidate.key, comparisons, trainings)
        problem, training = run.settings.problem, run.settings.training
        draw_controls(
            comparisons,
            path=folder / PICTURE_FILE,
            title=f"{candidate.key} of {problem.space} on {training.dataset} and its controls",
        )
    return Ablation(candidate.key, folder, comparisons, table, left_out)
