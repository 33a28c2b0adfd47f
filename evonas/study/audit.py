"""The audit: attack the front harder, so that gradient masking does not pay.

The search attacks every candidate with one cheap gradient attack, and rewards whatever that attack
does not break. The networks it returns are therefore attacked again, by attacks that played no
part in choosing them. If gradient masking is found, a network's robustness is lowered to what
these attacks leave; the front is then recomputed, and newcomers are audited too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from evonas.evaluation.attacks.masking.level_one import level_one
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.data.images import Images
from evonas.evaluation.evaluate import attack_seed, attacked_validation
from evonas.evaluation.model_file import load_network
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.training.precision import arithmetic
from evonas.seeds import derive_seed
from evonas.settings import Settings
from evonas.study.executors.base import AbstractExecutor
from evonas.study.folder import opened_run
from evonas.study.journal.findings import Finding
from evonas.study.models import Models
from evonas.study.results.audited import AUDIT, robust_at_most
from evonas.study.results.beliefs import Beliefs
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.confirmation import Progressed
from evonas.study.results.likely import likely_front
from evonas.study.results.reading import run_state
from evonas.study.shape import read_space, run_traits
from evonas.study.weights import weights_path


def is_audited(settings: Settings) -> bool:
    """Whether a run with these settings audits its front."""
    return settings.attack.audit_images > 0 and "robust" in settings.problem.objectives


def audit_study(folder: Path, *, executor: AbstractExecutor, on_progress: Progressed) -> None:
    """Audit the front of a finished run until all of its networks are audited.

    Earlier audits count, so an interrupted audit continues. The order makes no difference: values
    are only ever lowered, so no network that waits for its audit leaves the front meanwhile.

    Args:
        folder: folder of the run.
        executor: retrains networks whose weights were not kept.
        on_progress: called with the number of audited networks and their total so far.

    Raises:
        RunFolderError: there is no run in the folder, or another process is working on it.
        StorageError: the journal is damaged, or retraining gives other values than it holds.
    """
    with opened_run(folder) as (settings, journal):
        if not is_audited(settings):
            return
        space, protocol = read_space(settings, folder), Protocol.of(settings)
        models = Models(folder, space, protocol, run_traits(settings, journal))
        run = run_state(folder, settings, journal)
        while waiting := _waiting(run.candidates, set(run.audited), settings):
            models.restore(waiting, executor)
            trained = [each for each in waiting if weights_path(folder, each.key).exists()]
            if not trained:
                break  # their weights are missing and cannot be restored here
            for number, candidate in enumerate(trained, start=len(run.audited)):
                on_progress(number, len(run.audited) + len(waiting))
                journal.record_finding(_finding(candidate, folder, protocol))
            run = run_state(folder, settings, journal)
        on_progress(len(run.audited), len(run.audited))
        held = robust_at_most(run.audited)
        if held:
            beliefs = Beliefs(settings, space, robust_at_most=held)
            beliefs.update(run.evaluations)
            beliefs.write(folder)
        likely = likely_front(run.candidates)
        models.restore(likely, executor)
        models.keep_only({candidate.key for candidate in likely} | set(run.audited))


def audited_images(protocol: Protocol) -> Images:
    """The images of an audit: a stratified subset of those that the search attacks."""
    seed = derive_seed(attack_seed(protocol), "audit")
    return robust_subset(
        attacked_validation(protocol), num_images=protocol.attack.audit_images, seed=seed
    )


def _waiting(candidates: list[Candidate], known: set[str], settings: Settings) -> list[Candidate]:
    returned = front(candidates, settings.problem.objectives)
    return [candidate for candidate in returned if candidate.key not in known]


def _finding(candidate: Candidate, folder: Path, protocol: Protocol) -> Finding:
    network = load_network(weights_path(folder, candidate.key)).to(protocol.device)
    with _search_conditions(network, protocol):
        found = level_one(
            network,
            audited_images(protocol),
            epsilon=protocol.epsilon,
            seed=derive_seed(attack_seed(protocol), "level 1"),
        )
    replicate = candidate.representative.replicate
    return Finding(AUDIT, candidate.key, "level 1", replicate, found.as_document())


@contextmanager
def _search_conditions(network: nn.Module, protocol: Protocol) -> Iterator[None]:
    """Float32 and one thread: the same summation order for any number of workers."""
    network.eval()
    with one_thread(), arithmetic("fp32", device_type=torch.device(protocol.device).type):
        yield
