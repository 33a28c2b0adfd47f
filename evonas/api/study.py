"""A study on disk: its settings, its tables, its trained networks."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, final

from evonas.api.progress_bar import confirmation_display
from evonas.counted import counted
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.settings.workers import Workers
from evonas.study.controls.options import ARCHITECTURES, RANDOM, REPLICATES, SHUFFLED
from evonas.study.folder import readable_run
from evonas.study.results.candidate import Candidate
from evonas.study.results.reading import read_run
from evonas.study.results.trainings import trained
from evonas.study.weights import kept_weights

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from evonas.api.ablating import Ablation


@final
class Study:
    """A run and its results so far; created by :func:`evonas.search` or :func:`load_study`.

    What it shows is read from the run's journal each time, so a study that another process is at
    work on can be watched.

    Args:
        folder: folder of the run.

    Attributes:
        settings: settings of the run, with all defaults resolved.

    Raises:
        RunFolderError: there is no run in the folder.
        StorageError: its files are damaged, or were changed after the run started.

    Examples:
        >>> study = evonas.search("tiny", objectives=["acc", "params"], **quick)
        >>> study.front.columns[:3].tolist()
        ['genome', 'acc', 'params']
        >>> network = study.load(study.front.index[0])
        >>> network(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 10])
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self._given, self._home = Path(folder), Path(folder).absolute()
        with readable_run(self._given) as (settings, _):
            self.settings: Settings = settings

    @property
    def folder(self) -> Path:
        """Folder of the run: as given, or absolute once the working directory has changed."""
        return self._given if self._given.absolute() == self._home else self._home

    def __fspath__(self) -> str:
        """The folder, so that a study may be given wherever the folder of a run may."""
        return str(self.folder)

    @property
    def evaluations(self) -> list[Evaluation]:
        """The record of every training of the search so far, in the order they were requested."""
        with readable_run(self.folder) as (_, journal):
            return journal.evaluations()

    @property
    def front(self) -> "pd.DataFrame":
        """The non-dominated candidates, sorted by the first objective, best first.

        The index is the key; the columns are those of ``pareto.csv``.
        """
        from evonas.report.controls.twin import read_twin_differences
        from evonas.report.tables import front_table

        run = read_run(self.folder)
        objectives = run.settings.problem.objectives
        twins = read_twin_differences(self.folder)
        return front_table(
            run.candidates, objectives, run.confirmed, audited=run.audited, twins=twins
        ).set_index("key")

    @property
    def candidates(self) -> "pd.DataFrame":
        """Every candidate, in the order of requests; columns as in ``candidates.csv``."""
        from evonas.report.controls.twin import read_twin_differences
        from evonas.report.tables import candidates_table

        run = read_run(self.folder)
        objectives = run.settings.problem.objectives
        twins = read_twin_differences(self.folder)
        return candidates_table(
            run.candidates, objectives, run.confirmed, audited=run.audited, twins=twins
        ).set_index("key")

    def load(self, key: str) -> "nn.Module":
        """The trained network of a candidate that may be on the front.

        Args:
            key: key of the candidate, or an unambiguous prefix of it.

        Returns:
            A network in evaluation mode, on the CPU: float images (N, channels, height, width) in
            [0, 1] to logits (N, classes). The normalisation is inside.

        Raises:
            UnknownNameError: no candidate has this key, or the prefix is ambiguous.
            DataError: its weights were not kept, because it is unlikely to be on the front.
        """
        from evonas.evaluation.model_file import read_model, restore_normalisation

        candidate = self.find(key)
        weights, document = read_model(kept_weights(self.folder, candidate.key))
        network = self.untrained(candidate)
        network.load_state_dict(weights)
        return restore_normalisation(network, document).eval()

    def untrained(self, candidate: Candidate) -> "nn.Module":
        """The untrained network of a candidate, on the CPU.

        Args:
            candidate: candidate of this study.
        """
        from evonas.evaluation.candidate import candidate_network
        from evonas.study.shape import read_space, read_traits

        space = read_space(self.settings, self.folder)
        genome = space.parse(candidate.genome)
        traits = read_traits(self.settings, self.folder)
        seed = candidate.representative.seed
        return candidate_network(space, genome, traits, seed=seed)

    def find(self, key: str) -> Candidate:
        """One candidate, with all its trainings.

        Args:
            key: key of the candidate, or an unambiguous prefix of it.

        Raises:
            UnknownNameError: no candidate has this key, or the prefix is ambiguous.
        """
        return read_run(self.folder).find(key)

    def resume(
        self,
        *,
        workers: int | str | None = None,
        timeout: float | None = None,
        retry_failed: bool = False,
        data_dir: Path | str | None = None,
        accept_data: bool = False,
        population: int | None = None,
        generations: int | None = None,
        evaluations: int | None = None,
        progress: bool = True,
    ) -> "Study":
        """Resume an interrupted run, with the same final result; does nothing if it is finished.

        Args:
            workers: candidates in parallel, or a Dask cluster; None for one per core, or what
                suits the GPU.
            timeout: time limit for a candidate in seconds; None for no limit.
            retry_failed: whether to repeat trainings lost to out of memory, a timeout or a dead
                worker, including confirmations and controls.
            data_dir: where the images lie from now on; None leaves them where they are.
            accept_data: whether to continue if the images differ from those the run started with;
                the journal records it.
            population: new number of trainings per generation. The run ends as if it had been
                started with this size; finished trainings are not repeated.
            generations: new maximum number of generations.
            evaluations: new maximum number of trainings.
            progress: whether to show a progress bar.

        Returns:
            This study.

        Raises:
            EvonasError: the run cannot continue here; the message says why.
        """
        from evonas.api.resuming import go_on
        from evonas.api.running import changed_settings

        self.settings = changed_settings(
            self.folder, data_dir=data_dir, is_accepted=accept_data, population=population,
            generations=generations, evaluations=evaluations,
        )  # fmt: skip
        on = Workers.of(workers, timeout)
        go_on(self.folder, self.settings, workers=on, retry_failed=retry_failed, progress=progress)
        return self

    def confirm(
        self,
        replicates: int = 3,
        *,
        workers: int | str | None = None,
        timeout: float | None = None,
        retry_failed: bool = False,
        progress: bool = True,
    ) -> "Study":
        """Confirm every network that may be on the front by fresh trainings.

        :attr:`front` and ``pareto.csv`` then have more columns: ``confirmations``,
        ``confirmed_collapsed``, ``confirmed_*`` and ``test_*``, with standard errors; so do
        :attr:`candidates` and ``candidates.csv``. The test part of the data is read here and
        nowhere else.

        Args:
            replicates: trainings per network; existing confirmations count.
            workers: trainings in parallel, or a Dask cluster; None for one per core, or what suits
                the GPU.
            timeout: time limit for a training in seconds; None for no limit.
            retry_failed: whether to repeat confirmations lost to out of memory, a timeout or a
                dead worker.
            progress: whether to show a progress bar.

        Returns:
            This study.

        Raises:
            ConfigError: ``replicates`` is below 1, or no network is on the front.
            EvonasError: the run cannot be read or written; the message says why.
        """
        from evonas.api.running import confirm_and_write

        with confirmation_display(is_quiet=not progress) as show:
            confirm_and_write(
                self.folder,
                replicates=replicates,
                workers=Workers.of(workers, timeout),
                on_progress=show,
                retry_failed=retry_failed,
            )
        return self

    def ablate(
        self,
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
    ) -> "Ablation":
        """Train a network and its controls with equal seeds, and compare them.

        :attr:`front` and ``pareto.csv`` then have more columns, ``*_minus_bp``. Arguments, result
        and errors are those of :func:`evonas.ablate`.
        """
        from evonas.api.ablating import ablate

        return ablate(
            self.folder, key, replicates=replicates, rules=rules, random=random,
            shuffled=shuffled, architectures=architectures, networks=networks,
            network_rules=network_rules, workers=workers, timeout=timeout,
            retry_failed=retry_failed, progress=progress,
        )  # fmt: skip

    def __repr__(self) -> str:
        problem, data = self.settings.problem, self.settings.training.dataset
        done = counted(len(trained(self.evaluations)), "training")
        names = ", ".join(problem.objectives)
        return f"Study({str(self.folder)!r}: {problem.space} on {data}, {names}, {done})"

    def _repr_html_(self) -> str:
        """The front as HTML for notebooks."""
        from html import escape

        return f"<p>{escape(repr(self))}; its front:</p>{self.front.to_html()}"


def load_study(folder: str | PathLike[str]) -> Study:
    """The study in a folder, finished or not.

    Args:
        folder: that :func:`evonas.search` or ``evonas run`` made.

    Raises:
        RunFolderError: there is no run in the folder.
        StorageError: its files are damaged, or were changed after the run started.

    Examples:
        >>> folder = evonas.search("tiny", objectives=["acc", "params"], **quick).folder
        >>> len(evonas.load_study(folder).candidates)
        4
    """
    return Study(folder)
