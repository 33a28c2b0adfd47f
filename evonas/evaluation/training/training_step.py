"""One step of training, all of it on the device: the host waits for nothing and decides nothing.

The batch, the learning rate and the place of the loss are looked up by counters that lie on the
device, so a step that is captured as a CUDA graph advances with every replay. The same function
runs on a CPU.
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
    """What takes part in each step of a training beside the network; nothing by default.

    Attributes:
        module: the module that is trained with the network; None for none.
    """

    module: nn.Module | None = None

    def begin_step(self, number: Tensor) -> None:
        """Before the forward pass of the step with this number in its epoch, int64, (1,)."""

    def loss(self, targets: Tensor) -> Tensor | None:  # noqa: ARG002
        """What is added to the loss, after the forward pass; None for nothing.

        Args:
            targets: (batch,), int64, or (batch, classes), float32.
        """
        return None

    def share_gradients(self) -> None:
        """After the backward pass, before the gradients are used."""

    def advance(
        self, *, learning_rate: Tensor, momentum: float, weight_decay: float, nesterov: bool
    ) -> None:
        """The optimiser has made a step with these settings."""

    def release(self) -> None:
        """After the last step."""


@final
@dataclass(frozen=True)
class TrainingStep:
    """Forward pass, backward pass, optimiser, schedule and counters of one mini-batch.

    Attributes:
        network: in training mode.
        images: on its device, or to be brought there.
        recipe: how it is trained.
        precision: precision of the forward and the backward pass.
        descent: the optimiser.
        shares: float32, (epochs,): what is left of the learning rate in each epoch.
        plan: int64, (steps, 1 or 4, batch): the epoch under way, see ``plan_epoch``.
        losses: float32, (steps,): of the steps of this epoch so far.
        epoch: int64, (1,): counted from -1, that is before the first.
        number: int64, (1,): of the step in its epoch.
        perturbation: makes the images adversarial; None to train on them as they are.
        regularised: cutout, mixup and label smoothing; None for none of them.
        clip_norm: largest norm of the gradient of all parameters together, to which larger ones
            are scaled down; None for none.
        additions: what else takes part.
        feed: brings the batches of images that stay on disk; None for images in memory.
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
        """Steps of an epoch."""
        return len(self.losses)

    def end(self) -> None:
        """After the last step: the network is as any other, in evaluation mode."""
        self.close()
        self.descent.release()
        for each in self.additions:
            each.release()
        self.network.eval().use_kernels(are_used=False)
        self.network.wiring.to_numbers()

    def begin_epoch(self, plan: Tensor) -> None:
        """Put the plan of the next epoch in the place of the last one."""
        # from pageable memory the copy would make the host wait
        source = plan.pin_memory() if self.plan.is_cuda else plan
        self.plan.copy_(source, non_blocking=True)
        self.number.zero_()
        self.epoch.add_(1)
        if self.feed is not None:
            self.feed.begin(plan)

    def go_to(self, number: int) -> None:
        """Go on with another step of the epoch."""
        self.number.fill_(number)
        if self.feed is not None:
            self.feed.go_to(number)

    def fetch(self) -> None:
        """Before a step, by the host: bring its images, where these stay on disk.

        Raises:
            DataError: a file can no longer be read.
        """
        if self.feed is not None:
            self.feed.fetch()

    def close(self) -> None:
        """When no step follows: nobody decodes any more."""
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
        for each in self.additions:
            each.share_gradients()
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.descent.parameters, self.clip_norm, foreach=True)
        share = self.shares.index_select(0, self.epoch)[0]
        self.descent.step(share=share)
        recipe, rate = self.recipe, self.recipe.learning_rate * share
        momentum, decay = recipe.momentum, recipe.weight_decay
        network.wiring.advance(
            learning_rate=rate, momentum=momentum, weight_decay=decay, nesterov=True
        )
        for each in self.additions:
            each.advance(learning_rate=rate, momentum=momentum, weight_decay=decay, nesterov=True)
        self.losses.index_copy_(0, self.number, loss.detach().view(1))
        self.number.add_(1)

    def _batch(self) -> tuple[Tensor, Tensor]:
        if self.feed is not None:
            return self.feed.batch()
        return cut(self.images, self.plan.index_select(0, self.number)[0])

    def _total(self) -> Tensor:
        """Steps before this one, in all epochs: int64, (1,)."""
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
    clip_norm: float | None = None,
    additions: Sequence[AbstractAddition] = (),
    processes: int = 1,
) -> TrainingStep:
    """The step that trains ``network``, which is put in training mode, on ``images``.

    Args:
        network: on the device of the images.
        images: the training part.
        recipe: how it is trained.
        precision: precision of the forward and the backward pass.
        has_kernels: whether :mod:`evonas.rules.kernels` does what it can, to the numbers of the
            plain step but for rounding; None: where it has a GPU to do it on.
        seed: seed of the training; decides where adversarial examples start.
        regularised: cutout, mixup and label smoothing.
        clip_norm: clip norm of the gradient of all parameters together.
        additions: what else takes part; their modules are trained, too.
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
