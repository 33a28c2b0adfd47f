"""One training step that runs entirely on the device: the host never waits and decides nothing.

Counters on the device select the batch, the learning rate and where the loss is stored, so that
each replay of a captured CUDA graph makes the next step. The same function runs on a CPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.adversarial_training.perturbation import Perturbation
from evonas.evaluation.training.augment import TrainingImages, cut
from evonas.evaluation.training.descent import AbstractDescent, Descent
from evonas.evaluation.training.flat_descent import FlatDescent
from evonas.evaluation.training.precision import arithmetic, autocast
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.regularisation import RegularisedBatches
from evonas.evaluation.training.streaming.batch_feed import BatchFeed
from evonas.evaluation.training.streaming.streamed_images import StreamedImages
from evonas.networks import Network
from evonas.rules import parameter_groups
from evonas.rules.kernels import has_kernels_on
from evonas.seeds import derive_seed
from evonas.settings.machine import Precision


class AbstractAddition:
    """Hooks that add something to each training step; by default they do nothing.

    Attributes:
        module: module trained together with the network; None for none.
    """

    module: nn.Module | None = None

    def begin_step(self, number: Tensor) -> None:
        """Called before the forward pass, with the step's number in its epoch: int64, (1,)."""

    def loss(self, targets: Tensor) -> Tensor | None:  # noqa: ARG002
        """Additional loss, computed after the forward pass; None for none.

        Args:
            targets: (batch,), int64, or (batch, classes), float32.
        """
        return None

    def share_gradients(self, loss: Tensor) -> None:
        """Called after the backward pass, before the gradients are used and the loss is stored.

        Args:
            loss: scalar, detached; what is written into it is stored as the loss of the step.
        """

    def advance(
        self, *, learning_rate: Tensor, momentum: float, weight_decay: float, nesterov: bool
    ) -> None:
        """Called after the optimiser has made a step with these settings."""

    def release(self) -> None:
        """Called after the last step."""


@final
@dataclass(frozen=True)
class TrainingStep:
    """Forward pass, backward pass, optimiser, schedule and counters of one mini-batch.

    Attributes:
        network: network in training mode.
        images: training images, on the network's device or streamed to it.
        recipe: training recipe.
        precision: precision of the forward and the backward pass.
        descent: optimiser.
        shares: float32, (epochs,): factor on all learning rates in each epoch.
        plan: int64, (steps, 1 or 4, batch): plan of the current epoch, see ``plan_epoch``.
        losses: float32, (steps,): losses of the current epoch so far.
        epoch: int64, (1,): current epoch, from 0; -1 before the first.
        number: int64, (1,): number of the next step in its epoch.
        perturbation: makes the images adversarial; None for clean images.
        regularised: cutout, mixup and label smoothing; None for none of them.
        clip_norm: maximum norm of the gradient of all parameters together; None for no clipping.
        additions: further participants in each step.
        feed: feed of the batches of images that stay on disk; None for images in memory.
    """

    network: Network
    images: TrainingImages
    recipe: Recipe
    precision: Precision
    descent: AbstractDescent
    shares: Tensor
    plan: Tensor
    losses: Tensor
    epoch: Tensor
    number: Tensor
    perturbation: Perturbation | None = None
    regularised: RegularisedBatches | None = None
    clip_norm: float | None = None
    additions: tuple[AbstractAddition, ...] = ()
    feed: BatchFeed | None = None

    @property
    def num_steps(self) -> int:
        """Number of steps in an epoch."""
        return len(self.losses)

    def end(self) -> None:
        """Release everything after the last step and put the network in evaluation mode."""
        self.close()
        self.descent.release()
        for each in self.additions:
            each.release()
        self.network.eval().use_kernels(are_used=False)
        self.network.wiring.to_numbers()

    def begin_epoch(self, plan: Tensor) -> None:
        """Replace the plan with that of the next epoch, and reset the step number."""
        # a copy from pageable memory would make the host wait
        source = plan.pin_memory() if self.plan.is_cuda else plan
        self.plan.copy_(source, non_blocking=True)
        self.number.zero_()
        self.epoch.add_(1)
        if self.feed is not None:
            self.feed.begin(plan)

    def go_to(self, number: int) -> None:
        """Continue the current epoch with the step of this number."""
        self.number.fill_(number)
        if self.feed is not None:
            self.feed.go_to(number)

    def fetch(self) -> None:
        """Load the next batch if images stay on disk; the host calls this before each step.

        Raises:
            DataError: a file can no longer be read.
        """
        if self.feed is not None:
            self.feed.fetch()

    def close(self) -> None:
        """Stop decoding images; no step may follow in this epoch."""
        if self.feed is not None:
            self.feed.close()

    def __call__(self) -> None:
        """Make the next step."""
        pixels, labels = self._batch()
        network, device_type = self.network, pixels.device.type
        targets = labels
        if self.regularised is not None:
            pixels = self.regularised.pixels(pixels, number=self.number)
            targets = self.regularised.targets(labels, number=self.number)
        self.descent.forget_gradients()
        for each in self.additions:
            each.begin_step(self.number)
        with arithmetic(self.precision, device_type=device_type):
            if self.perturbation is not None:
                with autocast(self.precision, device_type=device_type):
                    pixels = self.perturbation(network, pixels, labels, number=self._total())
            network.wiring.aim(targets)
            with autocast(self.precision, device_type=device_type):
                logits = network(pixels)
                added = [each.loss(targets) for each in self.additions]
            loss = total = F.cross_entropy(logits.float(), targets)
            for more in added:
                total = total if more is None else total + more
            total.backward()
        stored = loss.detach()
        for each in self.additions:
            each.share_gradients(stored)
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.descent.parameters, self.clip_norm, foreach=True)
        share = self.shares.index_select(0, self.epoch)[0]
        self.descent.step(share=share)
        recipe, rate = self.recipe, self.recipe.learning_rate * share
        momentum, decay = recipe.momentum, recipe.weight_decay
        with arithmetic(self.precision, device_type=device_type):
            network.wiring.advance(
                learning_rate=rate, momentum=momentum, weight_decay=decay, nesterov=True
            )
        for each in self.additions:
            each.advance(learning_rate=rate, momentum=momentum, weight_decay=decay, nesterov=True)
        self.losses.index_copy_(0, self.number, stored.view(1))
        self.number.add_(1)

    def _batch(self) -> tuple[Tensor, Tensor]:
        if self.feed is not None:
            return self.feed.batch()
        return cut(self.images, self.plan.index_select(0, self.number)[0])

    def _total(self) -> Tensor:
        """Number of steps before this one, over all epochs: int64, (1,)."""
        return self.epoch * self.num_steps + self.number


def training_step(
    network: Network,
    images: TrainingImages,
    *,
    recipe: Recipe,
    precision: Precision,
    has_kernels: bool | None = None,
    seed: int = 0,
    regularised: RegularisedBatches | None = None,
    bias_rate: float = 1.0,
    clip_norm: float | None = None,
    additions: Sequence[AbstractAddition] = (),
    processes: int = 1,
) -> TrainingStep:
    """Build the step that trains ``network`` on ``images``; puts the network in training mode.

    Args:
        network: network on the device of the images.
        images: training part.
        recipe: training recipe.
        precision: precision of the forward and the backward pass.
        has_kernels: whether to use the kernels of :mod:`evonas.rules.kernels`, which give the
            same numbers up to rounding; None uses them if they support the device.
        seed: seed of the training; determines the random starts of adversarial examples.
        regularised: cutout, mixup and label smoothing.
        bias_rate: factor on the learning rate of biases, see
            :func:`evonas.rules.parameter_groups`.
        clip_norm: maximum norm of the gradient of all parameters together.
        additions: further participants in each step; their modules are trained, too.
        processes: number of processes that share each batch in equal parts.
    """
    device = images.labels.device
    steps = len(images) // recipe.batch
    rows = 4 if images.padding or images.flip else 1
    modules = [each.module for each in additions if each.module is not None]
    groups = parameter_groups(
        nn.ModuleList([network, *modules]) if modules else network,
        learning_rate=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
        bias_rate=bias_rate,
    )
    if has_kernels is None:
        has_kernels = has_kernels_on(device)
    if has_kernels or device.type == "cuda":
        network.wiring.to_tensors(device, has_kernels=has_kernels)
    network.use_kernels(are_used=has_kernels)
    shares = [recipe.share_at(epoch) for epoch in range(recipe.epochs)]
    return TrainingStep(
        network=network.train(),
        images=images,
        recipe=recipe,
        precision=precision,
        descent=FlatDescent(groups) if has_kernels else Descent(groups),
        shares=torch.tensor(shares, dtype=torch.float32, device=device),
        plan=torch.zeros(steps, rows, recipe.batch // processes, dtype=torch.int64, device=device),
        losses=torch.zeros(steps, device=device),
        epoch=torch.full((1,), -1, dtype=torch.int64, device=device),
        number=torch.zeros(1, dtype=torch.int64, device=device),
        perturbation=_perturbation(images, recipe=recipe, seed=seed),
        regularised=regularised,
        clip_norm=clip_norm,
        additions=tuple(additions),
        feed=(
            BatchFeed(images, batch=recipe.batch // processes)
            if isinstance(images, StreamedImages)
            else None
        ),
    )


def _perturbation(images: TrainingImages, *, recipe: Recipe, seed: int) -> Perturbation | None:
    if recipe.adversary is None:
        return None
    return Perturbation(
        recipe.adversary,
        shape=(recipe.batch, *images.shape),
        seed=derive_seed(seed, "adversary"),
        device=images.labels.device,
    )
