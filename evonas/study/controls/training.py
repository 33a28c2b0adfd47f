"""A network and its controls are trained, each so often, by seeds that they share."""

from dataclasses import asdict
from pathlib import Path

from evonas.errors import StorageError
from evonas.evaluation.protocol import Stage
from evonas.evaluation.record import Evaluation
from evonas.evaluation.variants.base import record_key
from evonas.seeds import derive_seed
from evonas.study.controls.names import KIND
from evonas.study.controls.options import ControlOptions
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
) -> Planned:
    """Train a network and its controls until each has so many trainings.

    The trainings of the network are its confirmations. The k-th training of each control has the
    seed of the network's k-th confirmation, so they are pairs: equal initial weights where the
    architecture is equal, and the same order and augmentation of the images. What was trained
    before counts: a call that was interrupted goes on, and a larger number adds to a smaller one.

    Args:
        folder: of a run.
        candidate: of the run.
        options: which controls, and how often.
        executor: where they are trained; it does not change any result.
        on_progress: is called with the trainings that are done and their total.

    Returns:
        The controls.

    Raises:
        InputError: a rule or a network is unknown, or the images are too small for a network.
        RunFolderError: another process is at work on the run.
        StorageError: the journal is damaged, or another version of evonas drew other controls.
    """
    with opened_run(folder) as (settings, journal):
        space, protocol = read_space(settings, folder), confirmation_protocol(settings)
        genome = space.parse(candidate.genome)
        seed = derive_seed(settings.search.seed, "controls")
        planned = plan_controls(space, genome, options, seed=seed)
        known = _known(journal, candidate.key, planned)
        wanted = [
            (variant, number)
            for number in range(1, options.replicates + 1)  # one of each first: some news of all
            for variant in (None, *planned.variants)
            if ("" if variant is None else variant.name, number) not in known
        ]
        names = {record_key(space, genome, v): "" if v is None else v.name for v, _ in wanted}
        try:
            for variant, number in wanted:
                stage = Stage(replicate=number, is_confirmation=True)
                executor.submit(Order(space, genome, protocol, stage, variant))
            for done in range(len(wanted)):
                on_progress(done, len(wanted))
                evaluation, _ = executor.next_done()
                _record(journal, candidate.key, names[evaluation.key], evaluation)
            on_progress(len(wanted), len(wanted))
        except BaseException:
            executor.close()  # gives up what was ordered
            raise
        return planned


def _known(journal: Journal, key: str, planned: Planned) -> set[tuple[str, int]]:
    """The trainings that there are, by control and number; the network's own control is ''."""
    known = {("", e.replicate) for e in journal.confirmations() if e.key == key}
    texts = {variant.name: variant.text for variant in planned.variants}
    for finding in journal.findings(KIND):
        if finding.key == key:
            text = texts.get(finding.name)
            if text is not None and text != finding.body["genome"]:
                raise StorageError(
                    f"control '{finding.name}' of {key} was '{finding.body['genome']}' and would "
                    f"be '{text}' now: it was drawn by another version of evonas"
                )
            known.add((finding.name, finding.replicate))
    return known


def _record(journal: Journal, key: str, name: str, evaluation: Evaluation) -> None:
    if name:
        body = asdict(evaluation)
        journal.record_finding(Finding(KIND, key, name, evaluation.replicate, body))
    else:
        journal.record_confirmation(evaluation)
