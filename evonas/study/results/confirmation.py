"""Confirmation: the front is trained again, with seeds that played no part in choosing it.

The best of many noisy numbers is too good: whoever comes out on top was lucky, too. So each
network of the front, and each with a good chance to belong to it, is trained anew, and is reported
by those trainings alone. The test part is read here, once for each of them, and nowhere else.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order
from evonas.study.folder import opened_run
from evonas.study.results.audited import AUDIT, audited, robust_at_most
from evonas.study.results.beliefs import Beliefs
from evonas.study.results.likely import likely_front
from evonas.study.shape import read_space

Progressed = Callable[[int, int], None]


def confirm_study(
    folder: Path, *, replicates: int, executor: AbstractExecutor, on_progress: Progressed
) -> list[Evaluation]:
    """Train every network that may be on the front until each has so many confirmations.

    What was confirmed before counts, so a confirmation that was interrupted goes on, and a larger
    number adds to a smaller one. Equal runs are confirmed by equal numbers.

    Args:
        folder: of a run.
        replicates: of each network, at least 1.
        executor: where they are trained; it does not change any result.
        on_progress: is called with the trainings that are done and their total.

    Returns:
        All confirmations of the run.

    Raises:
        ConfigError: ``replicates`` is below 1, or nothing is on the front.
        RunFolderError: there is no run in the folder, or another process is at work on it.
        StorageError: the journal is damaged.
    """
    if replicates < 1:
        raise ConfigError(f"replicates: expected a whole number of at least 1, got {replicates}")
    with opened_run(folder) as (settings, journal):
        space, protocol = read_space(settings, folder), confirmation_protocol(settings)
        trainings = journal.evaluations()
        held = robust_at_most(audited(journal.findings(AUDIT)))
        beliefs = Beliefs(settings, space, robust_at_most=held)
        networks = likely_front(beliefs.update(trainings))
        if not networks:
            raise ConfigError(f"{folder}: no network is on the front yet; nothing to confirm")
        known = {(e.key, e.replicate) for e in journal.confirmations()}
        wanted = [
            (network, number)
            for number in range(1, replicates + 1)  # one of each first: some news of all
            for network in networks
            if (network.key, number) not in known
        ]
        try:
            for network, number in wanted:
                genome = space.parse(network.genome)
                stage = Stage(replicate=number, is_confirmation=True)
                executor.submit(Order(space, genome, protocol, stage))
            for done in range(len(wanted)):
                on_progress(done, len(wanted))
                journal.record_confirmation(executor.next_done()[0])
            on_progress(len(wanted), len(wanted))
        except BaseException:
            executor.close()  # gives up what was ordered
            raise
        return journal.confirmations()


def confirmation_protocol(settings: Settings) -> Protocol:
    """That of the search, but everything is measured, whatever it comes to; accuracy always is."""
    objectives = tuple(dict.fromkeys((*settings.problem.objectives, "acc")))
    protocol = Protocol.of(settings)
    return replace(
        protocol,
        problem=replace(protocol.problem, objectives=objectives, constraints=()),
        training=replace(protocol.training, gate="off"),
    )
