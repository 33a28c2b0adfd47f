"""Evaluate a genome; a candidate that fails gives a record with a reason, never a number."""

import time
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path

import torch
from safetensors.torch import save

from evonas.errors import CandidateFailure
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Images, SearchData, Traits
from evonas.evaluation.data.loading import load_search_data, load_test
from evonas.evaluation.evaluation_builder import EvaluationBuilder
from evonas.evaluation.memory import is_out_of_memory, memory_failure, release_memory
from evonas.evaluation.objectives import Subject
from evonas.evaluation.onednn_thread import run_on_usable_thread
from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.evaluation.training.augment import TrainingImages, training_images
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.precision import arithmetic
from evonas.evaluation.training.train import training
from evonas.evaluation.variants.base import AbstractVariant, record_key, record_text
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.networks import Network
from evonas.rules import weights_by_rule
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

MIN_BATCH = 2  # batch normalisation needs at least two images


def evaluate(
    space: Space,
    genome: Genome,
    *,
    protocol: Protocol,
    stage: Stage | None = None,
    variant: AbstractVariant | None = None,
) -> tuple[Evaluation, bytes]:
    """Build, train and measure one candidate.

    Cheap objectives gate expensive ones. A candidate whose free objectives violate a constraint
    is not trained. In a first training, the expensive ones are skipped if any constraint is
    violated, or if a rival would dominate even the best possible value of each of them.

    If memory runs out, the whole evaluation is repeated once at half the batch, and the record
    says so.

    Args:
        space: search space of the genome.
        genome: genome to decode.
        protocol: protocol of the study.
        stage: how far to train; to the last epoch if None.
        variant: trained in place of the genome's network, with the seeds of the genome.

    Returns:
        The record, and as bytes either the trained weights (safetensors) or, when the stage ends
        before the last epoch, a checkpoint. The bytes are empty when there is neither.
    """
    stage = stage or Stage()
    result = evaluate_once(space, genome, protocol=protocol, stage=stage, variant=variant)
    smaller = at_half_batch(protocol, stage)
    if smaller is None or not result[0].ran_out_of_memory:
        return result
    release_memory(protocol.device)
    return evaluate_once(space, genome, protocol=protocol, stage=smaller, variant=variant)


def at_half_batch(protocol: Protocol, stage: Stage) -> Stage | None:
    """The stage to retry after memory ran out: from the first epoch, at half the batch.

    Args:
        protocol: protocol of the study.
        stage: stage in which memory ran out.

    Returns:
        The stage, or None if half the batch has been tried already or is too small to train with.
    """
    half = protocol.recipe.batch // 2
    if stage.batch is not None or half < MIN_BATCH:
        return None
    # the checkpoint is unusable: an epoch now has twice as many steps
    return replace(stage, batch=half, checkpoint=b"")


def evaluate_once(
    space: Space,
    genome: Genome,
    *,
    protocol: Protocol,
    stage: Stage,
    variant: AbstractVariant | None = None,
) -> tuple[Evaluation, bytes]:
    """Like :func:`evaluate`, without the retry, for callers that retry in another process."""
    with make_device_stream(protocol.device).open():
        return run_on_usable_thread(
            partial(evaluating, space, genome, protocol=protocol, stage=stage, variant=variant)
        )


def evaluating(
    space: Space,
    genome: Genome,
    *,
    protocol: Protocol,
    stage: Stage | None = None,
    variant: AbstractVariant | None = None,
) -> Cooperative[tuple[Evaluation, bytes]]:
    """Like :func:`evaluate_once`, as a generator; all its turns must run on one device stream."""
    start = time.perf_counter()
    stage = stage or Stage()
    if stage.batch is not None:
        protocol = protocol.with_batch(stage.batch)
    record = EvaluationBuilder(
        protocol,
        record_key(space, genome, variant),
        record_text(space, genome, variant),
        seed=stage.seed(protocol, space.key(genome)),
        replicate=stage.replicate,
        batch=stage.batch,
        until=protocol.recipe.epochs if stage.epochs is None else stage.epochs,
    )
    blob = b""
    try:
        own = variant or GenomeVariant("", space, genome)
        blob = yield from _measuring(own, record, protocol, stage)
    except CandidateFailure as problem:
        record.failure = f"{problem.kind}: {problem}"
    except Exception as problem:
        # handled here, not where it is raised: the frames there hold the tensors to be freed
        if not is_out_of_memory(problem):
            raise
        record.failure = memory_failure(problem)
    return record.evaluation(seconds=time.perf_counter() - start), blob


def _measuring(
    own: AbstractVariant, record: EvaluationBuilder, protocol: Protocol, stage: Stage
) -> Cooperative[bytes]:
    """Build, train and measure; returns the bytes that accompany the record."""
    data, images = _data(protocol)
    network = own.network(data.traits, seed=record.seed)
    subject = _subject(network, data, protocol=protocol)
    record.weights_by_rule = weights_by_rule(subject.network)
    record.measure("free", subject)
    if record.violation:
        return b""
    trained = yield from training(
        subject.network, images, recipe=protocol.recipe, seed=record.seed,
        precision=protocol.machine.precision, until=record.until, checkpoint=stage.checkpoint,
    )  # fmt: skip
    record.losses = trained.losses
    record.uncaptured = trained.fallback if images.labels.is_cuda else None
    with arithmetic("fp32", device_type=torch.device(protocol.device).type):
        record.measure("forward", subject)
        record.measure_learned(subject)
        # replicates are measured in full: means without those outside would be too good
        if stage.replicate or not (record.violation or record.is_gated(subject, stage.rivals)):
            record.measure("attack", subject)
            if stage.is_confirmation:
                record.measure_test(_on_test(subject, protocol))
    return _weights(subject.network) if record.contends else trained.checkpoint


def screen(
    space: Space, genome: Genome, *, protocol: Protocol, traits: Traits
) -> Evaluation | None:
    """Check the free constraints without loading any data.

    Returns:
        The record that :func:`evaluate` would give if a free constraint is violated, else None:
        the candidate has to be evaluated.
    """
    start = time.perf_counter()
    if not any(constraint.is_free for constraint in protocol.constraints):
        return None
    key = space.key(genome)
    seed = protocol.candidate_seed(key)
    record = EvaluationBuilder(protocol, key, space.format(genome), seed=seed)
    try:
        _measure_free(
            record, candidate_network(space, genome, traits, seed=seed), protocol, traits
        )
    except CandidateFailure:
        return None  # its evaluation will report the failure
    except Exception as problem:
        if not is_out_of_memory(problem):
            raise
        memory_failure(problem)  # releases what was built
        return None
    if not record.violation:
        return None
    return record.evaluation(seconds=time.perf_counter() - start)


def _measure_free(
    record: EvaluationBuilder, network: Network, protocol: Protocol, traits: Traits
) -> None:
    """Measure the objectives that need neither training nor images."""
    nothing = Images(
        torch.empty(0, *traits.shape, dtype=torch.uint8), torch.empty(0, dtype=torch.long)
    )
    record.weights_by_rule = weights_by_rule(network)
    subject = Subject(
        network, nothing, nothing, Fraction(0), attack_seed(protocol), traits.shape,
        protocol.recipe.batch,
    )  # fmt: skip
    record.measure("free", subject)


def _subject(network: Network, data: SearchData, *, protocol: Protocol) -> Subject:
    return Subject(
        network=network.to(protocol.device),
        validation=data.validation,
        attacked=attacked_validation(protocol),
        epsilon=protocol.epsilon,
        attack_seed=attack_seed(protocol),
        input_shape=data.traits.shape,
        batch=protocol.recipe.batch,
    )


def _on_test(subject: Subject, protocol: Protocol) -> Subject:
    test, attacked = _test_part(protocol)
    return replace(subject, validation=test, attacked=attacked)


@lru_cache(maxsize=1)  # the same images for all candidates of a study
def _test_part(protocol: Protocol) -> tuple[Images, Images]:
    """The test images, and the subset of them that is attacked, on the device."""
    training = protocol.training
    test = load_test(
        training.dataset,
        data_dir=protocol.data_dir,
        sha256=training.test_sha256,
        fitting=protocol.fitting,
    )
    test = test.to(protocol.device)
    attacked = robust_subset(
        test, num_images=protocol.attack.attacked_images, seed=attack_seed(protocol)
    )
    return test, attacked


def attack_seed(protocol: Protocol) -> int:
    """Seed of the attacked images and of the attack's noise; one for all candidates of a study."""
    return derive_seed(protocol.training.split_seed, "attack")


@lru_cache(maxsize=1)  # the same images for all candidates of a study
def attacked_validation(protocol: Protocol) -> Images:
    """The validation images that a study attacks, on the protocol's device."""
    data, _ = _data(protocol)
    return robust_subset(
        data.validation, num_images=protocol.attack.attacked_images, seed=attack_seed(protocol)
    )


def _weights(network: Network) -> bytes:
    return save({name: value.cpu() for name, value in network.state_dict().items()})


def _data(protocol: Protocol) -> tuple[SearchData, TrainingImages]:
    training = protocol.training
    return _load(
        training.dataset, protocol.data_dir, training.split_seed, training.images,
        protocol.device, training.train_sha256, protocol.fitting,
    )  # fmt: skip


@lru_cache(maxsize=1)  # a worker evaluates many candidates of one study but reads its data once
def _load(
    name: str,
    data_dir: Path,
    seed: int,
    num_images: int | None,
    device: str,
    sha256: str | None,
    fitting: Fitting,
) -> tuple[SearchData, TrainingImages]:
    data = load_search_data(
        name,
        data_dir=data_dir,
        seed=seed,
        num_images=num_images,
        sha256=sha256,
        fitting=fitting,
    )
    data = data.to(device)
    images = training_images(data.train, traits=data.traits)
    if images.labels.is_cuda:
        torch.cuda.synchronize(device)  # candidates read the images on other streams
    return data, images
