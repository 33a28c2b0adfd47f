"""Train a network and its controls with shared seeds."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import final

from evonas.errors import StorageError
from evonas.evaluation.protocol import Stage
from evonas.evaluation.record import Evaluation
from evonas.evaluation.variants.base import AbstractVariant, record_key
from evonas.seeds import derive_seed
from evonas.settings import Settings
from evonas.study.controls.names import KIND, NETWORK
from evonas.study.controls.options import ControlOptions
from evonas.study.controls.reading import controls_of
from evonas.study.controls.retrying import lost_trainings, options_with
from evonas.study.controls.variants import Planned, plan_controls
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order
from evonas.study.folder import opened_run
from evonas.study.journal.findings import Finding
from evonas.study.journal.journal import Journal
from evonas.study.results.candidate import Candidate
from evonas.study.results.confirmation import Progressed, confirmation_protocol
from evonas.study.shape import read_space


def train_controls(
    folder: Path,
    candidate: Candidate,
    *,
    options: ControlOptions,
    executor: AbstractExecutor,
    on_progress: Progressed,
    retry_failed: bool = False,
) -> Planned:
    """Train a network and its controls until each has the requested number of trainings.

    The trainings of the network are its confirmations. The k-th training of each control has the
    seed of the network's k-th confirmation, so they form pairs: equal initial weights if the
    architecture is equal, and the same order and augmentation of images. Earlier trainings count:
    an interrupted call continues, and a larger number adds to a smaller one.

    Args:
        folder: folder of a run.
        candidate: candidate of the run.
        options: the controls and the number of trainings.
        executor: where they are trained; does not affect results.
        on_progress: called with the number of finished trainings and their total.
        retry_failed: whether to repeat those of these trainings that were lost to a cause outside
            the network.

    Returns:
        The controls.

    Raises:
        InputError: a rule or a network is unknown, or the images are too small for a network.
        RunFolderError: another process is working on the run.
        StorageError: the journal is damaged, or another version of evonas drew different controls.
    """
    with opened_run(folder) as (settings, journal):
        trainer = _Trainer(folder, settings, journal, candidate, options)
        wanted = [each for each in trainer.lost if retry_failed]
        wanted += [
            (name, number)
            # one of each first: early results for all
            for number in range(1, options.replicates + 1)
            for name in trainer.names
            if (name, number) not in trainer.known
        ]
        trainer.train(wanted, executor, on_progress)
        return trainer.planned


def retry_controls(
    folder: Path, candidate: Candidate, *, executor: AbstractExecutor, on_progress: Progressed
) -> None:
    """Repeat only the control trainings of a network that were lost to a cause outside it.

    The arguments and errors are those of :func:`train_controls`.
    """
    with opened_run(folder) as (settings, journal):
        trainings = controls_of(journal.findings(KIND), journal.confirmations())
        lost = lost_trainings(trainings.get(candidate.key, {}))
        options = options_with([name for name, _ in lost])
        trainer = _Trainer(folder, settings, journal, candidate, options)
        trainer.train([each for each in trainer.lost if each in lost], executor, on_progress)


@final
class _Trainer:
    """Trains the controls of a network.

    Attributes:
        planned: the controls.
        names: names of the controls, the network itself first.
        known: finished trainings as (control, number), and whether each was lost.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        journal: Journal,
        candidate: Candidate,
        options: ControlOptions,
    ) -> None:
        self._journal = journal
        self._space, self._protocol = read_space(settings, folder), confirmation_protocol(settings)
        self._genome = self._space.parse(candidate.genome)
        self._key = candidate.key
        seed = derive_seed(settings.search.seed, "controls")
        self.planned = plan_controls(self._space, self._genome, options, seed=seed)
        self._variants: dict[str, AbstractVariant | None] = {NETWORK: None}
        self._variants |= {variant.name: variant for variant in self.planned.variants}
        self.names = tuple(self._variants)
        self.known = self._read()

    @property
    def lost(self) -> list[tuple[str, int]]:
        """Trainings of these controls lost to a cause outside the network."""
        return [each for each, is_lost in self.known.items() if is_lost]

    def train(
        self,
        wanted: Sequence[tuple[str, int]],
        executor: AbstractExecutor,
        on_progress: Progressed,
    ) -> None:
        """Train numbered controls and record the results."""
        names = {
            record_key(self._space, self._genome, self._variants[name]): name for name, _ in wanted
        }
        try:
            for name, number in wanted:
                stage = Stage(replicate=number, is_confirmation=True)
                executor.submit(
                    Order(self._space, self._genome, self._protocol, stage, self._variants[name])
                )
            for done in range(len(wanted)):
                on_progress(done, len(wanted))
                evaluation, _ = executor.next_done()
                self._record(names[evaluation.key], evaluation)
            on_progress(len(wanted), len(wanted))
        except BaseException:
            executor.close()  # drops pending orders
            raise

    def _read(self) -> dict[tuple[str, int], bool]:
        findings = [each for each in self._journal.findings(KIND) if each.key == self._key]
        for finding in findings:
            variant = self._variants.get(finding.name)
            if variant is not None and variant.text != finding.body["genome"]:
                raise StorageError(
                    f"control '{finding.name}' of {self._key} was '{finding.body['genome']}' and "
                    f"would be '{variant.text}' now: it was drawn by another version of evonas"
                )
        confirmed = [e for e in self._journal.confirmations() if e.key == self._key]
        trainings = controls_of(findings, confirmed).get(self._key, {NETWORK: confirmed})
        return {
            (name, each.replicate): each.is_lost_from_outside
            for name, some in trainings.items()
            if name in self._variants
            for each in some
        }

    def _record(self, name: str, evaluation: Evaluation) -> None:
        is_again = (name, evaluation.replicate) in self.known
        if name == NETWORK:
            self._journal.record_confirmation(evaluation, is_again=is_again)
        else:
            body = asdict(evaluation)
            finding = Finding(KIND, self._key, name, evaluation.replicate, body)
            self._journal.record_finding(finding, is_again=is_again)
