"""Genome in, Evaluation out; a candidate that fails is a record, never a number."""

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import save

from evonas.errors import CandidateFailure
from evonas.evaluation.augment import FramedImages, frame
from evonas.evaluation.data import SearchData, load_search_data
from evonas.evaluation.lane import make_lane
from evonas.evaluation.objectives import ALWAYS_MEASURED, OBJECTIVES, Subject
from evonas.evaluation.precision import Precision, arithmetic
from evonas.evaluation.robustness import robust_subset
from evonas.evaluation.training import Recipe, training
from evonas.evaluation.turns import Turns, finish
from evonas.networks import build
from evonas.rules import weights_by_rule
from evonas.seeds import derive_seed
from evonas.space import Genome, Space


@dataclass(frozen=True)
class Protocol:
    """Everything that decides a candidate's values, apart from the candidate itself.

    Attributes:
        dataset: a name of ``DATASETS``.
        data_dir: where its files lie.
        num_images: of the training part; all of them if None.
        recipe: how each candidate is trained.
        objectives: names of what is measured.
        epsilon: of the attack, in units of the pixel range.
        attacked_images: how many validation images are attacked.
        seed: of the study: it decides the split, the attack's noise and every candidate's seed.
        device: where candidates are trained.
        precision: of their training; what is measured is measured in float32.
    """

    dataset: str
    data_dir: Path
    num_images: int | None
    recipe: Recipe
    objectives: tuple[str, ...]
    epsilon: Fraction
    attacked_images: int
    seed: int
    device: str = "cpu"
    precision: Precision = "fp32"


@dataclass(frozen=True)
class Evaluation:
    """One evaluated candidate.

    Attributes:
        key: of its canonical form.
        genome: its readable text.
        values: by objective; empty of what a failed candidate could not measure.
        weights_by_rule: trainable weights that each rule trains.
        losses: training loss of each epoch.
        epochs: it was trained for.
        seconds: of wall clock.
        seed: of its weights and batches.
        failure: ``kind: reason`` when it failed, else None.
    """

    key: str
    genome: str
    values: dict[str, float]
    weights_by_rule: dict[str, int]
    losses: tuple[float, ...]
    epochs: int
    seconds: float
    seed: int
    failure: str | None = None


def evaluate(space: Space, genome: Genome, *, protocol: Protocol) -> tuple[Evaluation, bytes]:
    """Build, train and measure one candidate.

    Returns:
        The record, and the trained weights as safetensors (empty when the candidate failed).
    """
    with make_lane(protocol.device).open():
        return finish(evaluating(space, genome, protocol=protocol))


def evaluating(
    space: Space, genome: Genome, *, protocol: Protocol
) -> Turns[tuple[Evaluation, bytes]]:
    """The same in turns, all of them on one lane of the protocol's device."""
    start = time.perf_counter()
    key = space.key(genome)
    seed = derive_seed(protocol.seed, key)
    values: dict[str, float] = {}
    by_rule: dict[str, int] = {}
    losses: tuple[float, ...] = ()
    weights, failure = b"", None
    try:
        data, images = _data(protocol)
        subject = _subject(space, genome, data, protocol=protocol, seed=seed)
        by_rule = weights_by_rule(subject.network)
        wanted = {**dict.fromkeys(protocol.objectives), **dict.fromkeys(ALWAYS_MEASURED)}
        objectives = [OBJECTIVES[name] for name in wanted]
        for objective in objectives:
            if objective.cost == "free":
                values[objective.name] = objective.measure(subject)
        trained = yield from training(
            subject.network, images, recipe=protocol.recipe, seed=seed,
            precision=protocol.precision,
        )  # fmt: skip
        losses = trained.losses
        with arithmetic("fp32", device_type=torch.device(protocol.device).type):
            for objective in objectives:
                if objective.cost != "free":
                    values[objective.name] = objective.measure(subject)
        weights = save({name: value.cpu() for name, value in subject.network.state_dict().items()})
    except CandidateFailure as problem:
        failure = f"{problem.kind}: {problem}"
    except torch.OutOfMemoryError as problem:
        failure = f"out of memory: {problem}"
    return (
        Evaluation(
            key=key,
            genome=space.format(genome),
            values=values,
            weights_by_rule=by_rule,
            losses=losses,
            epochs=protocol.recipe.epochs,
            seconds=time.perf_counter() - start,
            seed=seed,
            failure=failure,
        ),
        weights,
    )


def _subject(
    space: Space, genome: Genome, data: SearchData, *, protocol: Protocol, seed: int
) -> Subject:
    traits = data.traits
    network = build(
        space,
        genome,
        input_shape=traits.shape,
        num_classes=traits.num_classes,
        seed=seed,
        mean=traits.mean,
        deviation=traits.std,
    ).to(protocol.device)
    attack_seed = derive_seed(protocol.seed, "attack")
    return Subject(
        network=network,
        validation=data.validation,
        attacked=robust_subset(
            data.validation, num_images=protocol.attacked_images, seed=attack_seed
        ),
        epsilon=protocol.epsilon,
        attack_seed=attack_seed,
        input_shape=traits.shape,
    )


def _data(protocol: Protocol) -> tuple[SearchData, FramedImages]:
    return _load(
        protocol.dataset, protocol.data_dir, protocol.seed, protocol.num_images, protocol.device
    )


@lru_cache(maxsize=1)  # a worker evaluates many candidates of one study: it reads the data once
def _load(
    name: str, data_dir: Path, seed: int, num_images: int | None, device: str
) -> tuple[SearchData, FramedImages]:
    data = load_search_data(
        name, data_dir=data_dir, download=False, seed=seed, num_images=num_images
    )
    data = data.to(device)
    images = frame(data.train, traits=data.traits)
    if images.pixels.is_cuda:
        torch.cuda.synchronize(device)  # candidates read them on other streams
    return data, images
