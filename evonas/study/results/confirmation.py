"""Confirmation: retrain the front with seeds that played no part in choosing it.

The best of many noisy numbers is optimistic: the winner was also lucky. So each network that is on
the front, or likely to be, is trained again and reported by those trainings alone. The test part
is read here, once for each training, and nowhere else.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.settings.counts import check_count
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.order import Order
from evonas.study.folder import opened_run, readable_run
from evonas.study.results.audited import AUDIT, audited, robust_at_most
from evonas.study.results.beliefs import Beliefs
from evonas.study.results.likely import likely_front
from evonas.study.shape import read_space

Progressed = Callable[[int, int], None]


def confirm_study(
    folder: Path,
    *,
    replicates: int,
    executor: AbstractExecutor,
    on_progress: Progressed,
    retry_failed: bool = False,
) -> list[Evaluation]:
    """Train every network that may be on the front until each has enough confirmations.

    Earlier confirmations count, so an interrupted call continues, and a larger number adds to a
    smaller one. Equal runs get equal confirmations.

    Args:
        folder: folder of a run.
        replicates: replicates of each network, at least 1; 0 only retries lost ones.
        executor: where they are trained; does not affect results.
        on_progress: called with the number of finished trainings and their total.
        retry_failed: whether to repeat confirmations lost to a cause outside the network, even for
            networks that have left the front.

    Returns:
        All confirmations of the run.

    Raises:
        ConfigError: ``replicates`` is below 1 or above 10,000, or nothing is on the front.
        RunFolderError: there is no run in the folder, or another process is working on it.
        StorageError: the journal is damaged.
    """
    check_count("replicates", replicates, at_least=0 if retry_failed else 1)
    with opened_run(folder) as (settings, journal):
        space, protocol = read_space(settings, folder), confirmation_protocol(settings)
        trainings = journal.evaluations()
        held = robust_at_most(audited(journal.findings(AUDIT)))
        beliefs = Beliefs(settings, space, robust_at_most=held)
        networks = likely_front(beliefs.update(trainings))
        if replicates and not networks:
            raise ConfigError(f"{folder}: no network is on the front yet; nothing to confirm")
        before = journal.confirmations()
        known = {(e.key, e.replicate) for e in before}
        lost = [(e.genome, e.replicate) for e in before if e.is_lost_from_outside]
        wanted = lost if retry_failed else []
        wanted += [
            (network.genome, number)
            for number in range(1, replicates + 1)  # one of each first: early results for all
            for network in networks
            if (network.key, number) not in known
        ]
        try:
            for text, number in wanted:
                stage = Stage(replicate=number, is_confirmation=True)
                executor.submit(Order(space, space.parse(text), protocol, stage))
            for done in range(len(wanted)):
                on_progress(done, len(wanted))
                found, _ = executor.next_done()
                is_again = (found.key, found.replicate) in known
                journal.record_confirmation(found, is_again=is_again)
            on_progress(len(wanted), len(wanted))
        except BaseException:
            executor.close()  # drops pending orders
            raise
        return journal.confirmations()


def has_lost_confirmations(folder: Path) -> bool:
    """Whether a confirmation of the run in ``folder`` was lost to a cause outside the network.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    with readable_run(folder) as (_, journal):
        return any(each.is_lost_from_outside for each in journal.confirmations())


def confirmation_protocol(settings: Settings) -> Protocol:
    """The search's protocol without gates: everything is measured, and always accuracy."""
    objectives = tuple(dict.fromkeys((*settings.problem.objectives, "acc")))
    protocol = Protocol.of(settings)
    return replace(
        protocol,
        problem=replace(protocol.problem, objectives=objectives, constraints=()),
        training=replace(protocol.training, gate="off"),
    )
