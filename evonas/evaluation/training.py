"""Train one network for one budget; the recipe is NAS-Bench-201's (Dong and Yang 2020)."""

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import TrainingDiverged
from evonas.evaluation.augment import augment
from evonas.evaluation.data import Images, Traits
from evonas.networks import Network
from evonas.rules import parameter_groups


@dataclass(frozen=True)
class Recipe:
    """How a candidate is trained: SGD with Nesterov momentum, cosine to zero by epochs.

    Attributes:
        epochs: passes over the training part.
        batch: images in a mini-batch; the last, smaller one of an epoch is dropped.
        learning_rate: in the first epoch; rules with an update of their own have their own.
        momentum: of SGD, for all others.
        weight_decay: the same, coupled to the gradient.
    """

    epochs: int
    batch: int
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4

    def learning_rate_at(self, epoch: int) -> float:
        """Cosine annealing, once an epoch, from the full rate towards zero."""
        return self.learning_rate * self.share_at(epoch)

    def share_at(self, epoch: int) -> float:
        """What is left in an epoch of every learning rate, in (0, 1]."""
        return 0.5 * (1.0 + math.cos(math.pi * epoch / self.epochs))


@dataclass(frozen=True)
class TrainedCandidate:
    """A trained network and how it got there.

    Attributes:
        network: in evaluation mode.
        losses: mean cross-entropy of each epoch, in nats.
        seconds: of wall clock.
    """

    network: Network
    losses: tuple[float, ...]
    seconds: float


def train(
    network: Network, images: Images, *, traits: Traits, recipe: Recipe, seed: int
) -> TrainedCandidate:
    """Train ``network`` in place on ``images``, which lie on its device.

    Args:
        network: as it was built.
        images: the training part.
        traits: says how the images may be augmented.
        recipe: how, and for how long.
        seed: of the order of the images and of their augmentation.

    Raises:
        TrainingDiverged: the loss stopped being finite; noticed at once on a CPU, at the end of
            the epoch on a GPU, where looking at every step would halt the device.
    """
    start = time.perf_counter()
    device = images.labels.device
    generator = torch.Generator(device).manual_seed(seed)
    groups = parameter_groups(
        network,
        learning_rate=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    optimiser = torch.optim.SGD(groups, lr=recipe.learning_rate, fused=True)
    full_rates = [group["lr"] for group in optimiser.param_groups]
    network.train()
    losses = []
    for epoch in range(recipe.epochs):
        for group, rate in zip(optimiser.param_groups, full_rates, strict=True):
            group["lr"] = rate * recipe.share_at(epoch)
        losses.append(_epoch(network, images, traits, recipe, optimiser, generator, epoch=epoch))
    network.eval()
    return TrainedCandidate(network, tuple(losses), time.perf_counter() - start)


def _epoch(
    network: Network,
    images: Images,
    traits: Traits,
    recipe: Recipe,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
    *,
    epoch: int,
) -> float:
    device = images.labels.device
    order = torch.randperm(len(images), generator=generator, device=device)
    batches = order[: len(order) // recipe.batch * recipe.batch].view(-1, recipe.batch)
    total = torch.zeros((), device=device)
    for step, index in enumerate(batches):
        pixels = images.pixels[index].float() / 255.0
        pixels = augment(
            pixels, padding=traits.crop_padding, flip=traits.flip, generator=generator
        )
        labels = images.labels[index]
        network.wiring.aim(labels)
        loss = F.cross_entropy(network(pixels), labels)
        if device.type == "cpu":
            _check(loss, epoch=epoch, step=step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        network.wiring.advance(
            learning_rate=optimiser.param_groups[0]["lr"],
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )
        total += loss.detach()
    _check(total, epoch=epoch, step=len(batches))
    return float(total) / len(batches)


def _check(loss: Tensor, *, epoch: int, step: int) -> None:
    value = float(loss.detach())
    if not math.isfinite(value):
        raise TrainingDiverged(
            f"the training loss became {value} in epoch {epoch + 1}, step {step + 1}"
        )
