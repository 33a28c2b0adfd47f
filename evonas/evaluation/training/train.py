"""Train one network, straight through or in stages."""

import math
import time
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor

from evonas.errors import TrainingDiverged
from evonas.evaluation.adversarial_training.overfitting import CHECKED_IMAGES, OverfittingMonitor
from evonas.evaluation.data.folder.disk.decoders import killed_workers_as_data_errors
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.training.augment import (
    TrainingImages,
    cut,
    plan_epoch,
    training_images,
    without_augmentation,
)
from evonas.evaluation.training.checkpoint import make_checkpoint, restore_checkpoint
from evonas.evaluation.training.cooperative import Cooperative, run_to_end
from evonas.evaluation.training.cuda_graph import Replayed
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step
from evonas.networks import Network
from evonas.seeds import derive_seed
from evonas.settings.machine import Precision

__all__ = ["Recipe", "TrainedCandidate", "train", "training"]

STEPS_A_TURN = 32  # steps before another candidate on the same device may take its turn


@dataclass(frozen=True)
class TrainedCandidate:
    """A trained network and the course of its training.

    Attributes:
        network: trained network, in evaluation mode.
        losses: mean cross-entropy of each epoch, in nats.
        seconds: wall-clock duration.
        fallback: why its steps were not replays of a CUDA graph; None if they were.
        checkpoint: checkpoint to continue from; empty after the last epoch.
    """

    network: Network
    losses: tuple[float, ...]
    seconds: float
    fallback: str | None = None
    checkpoint: bytes = b""


def train(
    network: Network,
    images: Images,
    *,
    traits: Traits,
    recipe: Recipe,
    seed: int,
    precision: Precision = "fp32",
    until: int | None = None,
    checkpoint: bytes = b"",
) -> TrainedCandidate:
    """Train ``network`` in place on ``images``, which lie on its device.

    Training in stages, each from the checkpoint of the previous one, gives bit for bit the same
    result as training straight through: the learning rate always follows the whole recipe.

    Args:
        network: newly built network.
        images: training part.
        traits: traits of the data set, which say how the images may be augmented.
        recipe: training recipe.
        seed: seed of the order of the images and of their augmentation.
        precision: precision of the forward and the backward pass.
        until: epoch to stop after; the last one of the recipe if None.
        checkpoint: checkpoint of an earlier stage to continue from; empty to start afresh.

    Raises:
        TrainingDiverged: the loss is no longer finite; checked at the end of each epoch.
        CatastrophicOverfitting: the network only resists the one-step attack that it is trained
            on; checked at the end of each epoch, too.
        StorageError: the checkpoint is damaged, or belongs to another network.
    """
    framed = training_images(images, traits=traits)
    stream = make_device_stream(images.labels.device)
    with stream.open():
        trained = run_to_end(
            training(
                network,
                framed,
                recipe=recipe,
                seed=seed,
                precision=precision,
                until=until,
                checkpoint=checkpoint,
            )
        )
    stream.wait()  # the caller uses the network on another stream
    return trained


def training(
    network: Network,
    images: TrainingImages,
    *,
    recipe: Recipe,
    seed: int,
    precision: Precision,
    until: int | None = None,
    checkpoint: bytes = b"",
) -> Cooperative[TrainedCandidate]:
    """Like :func:`train`, as a generator; all its turns must run on one device stream.

    Arguments and errors are those of :func:`train`, but the images are already prepared by
    :func:`training_images`.
    """
    start = time.perf_counter()
    generator = torch.Generator().manual_seed(seed)
    step = training_step(network, images, recipe=recipe, precision=precision, seed=seed)
    monitor = _monitor(images, recipe=recipe, seed=seed)
    losses: list[float] = []
    if checkpoint:
        losses += restore_checkpoint(checkpoint, step, generator, monitor)
    replayed = Replayed(step, device=images.labels.device)
    until = recipe.epochs if until is None else until
    with closing(step), killed_workers_as_data_errors():
        for epoch in range(len(losses), until):
            plan = plan_epoch(images, batch=recipe.batch, generator=generator)
            step.begin_epoch(plan)
            for number in range(step.num_steps):
                step.fetch()
                replayed()
                if (number + 1) % STEPS_A_TURN == 0:
                    yield
            yield
            losses.append(_mean(step.losses, epoch=epoch))
            if monitor is not None:
                monitor.check(network)
                yield
    step.end()
    left = b"" if until == recipe.epochs else make_checkpoint(step, generator, losses, monitor)
    seconds = time.perf_counter() - start
    return TrainedCandidate(network, tuple(losses), seconds, replayed.fallback, left)


def _monitor(images: TrainingImages, *, recipe: Recipe, seed: int) -> OverfittingMonitor | None:
    """Monitor of catastrophic overfitting, on training images that the seed selects."""
    if recipe.adversary is None or not recipe.adversary.may_overfit:
        return None
    generator = torch.Generator().manual_seed(derive_seed(seed, "checked images"))
    index = torch.randperm(len(images), generator=generator)[:CHECKED_IMAGES]
    plan = without_augmentation(images, index.to(images.labels.device))
    return OverfittingMonitor(*cut(images, plan), adversary=recipe.adversary, seed=seed)


def _mean(losses: Tensor, *, epoch: int) -> float:
    """Mean loss of an epoch; reading it is the only time the host waits for the device."""
    values = losses.tolist()
    for step, value in enumerate(values):
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"the training loss became {value} in epoch {epoch + 1}, step {step + 1}"
            )
    return math.fsum(values) / len(values)
