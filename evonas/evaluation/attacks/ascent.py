"""Shared parts of the gradient attacks: observations, the L-infinity ball, and the result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, final, runtime_checkable

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.attack_losses import AttackLoss


@final
@dataclass(frozen=True)
class AttackResult:
    """Result of an attack for each image.

    Attributes:
        adversarial: (N, C, H, W), in [0, 1] and within epsilon of the images. The network is wrong
            on it exactly where ``robust`` is false; elsewhere it is the visited point of highest
            loss.
        robust: bool, (N,): right on the clean image and on every point the attack visited.
        correct: bool, (N,): right on the clean image.
        has_gradient: bool, (N,): the loss had a nonzero gradient at the start of the attack, in
            at least one run; true for attacks that use no gradient.
        note: deviation from the published attack, for tables; usually empty.
    """

    adversarial: Tensor
    robust: Tensor
    correct: Tensor
    has_gradient: Tensor
    note: str = ""


class Observation(NamedTuple):
    """Observation of a network at N points.

    Attributes:
        loss: (N,), loss at each point.
        gradient: (N, C, H, W), gradient of the loss at each point; NaNs are replaced by zero.
        is_right: bool, (N,): the highest logit is the label's.
    """

    loss: Tensor
    gradient: Tensor
    is_right: Tensor

    @property
    def has_gradient(self) -> Tensor:
        """Bool, (N,): the gradient at the point is nonzero in at least one component."""
        return (self.gradient != 0).flatten(1).any(1)


@runtime_checkable
class Observable(Protocol):
    """A network with a faster implementation of :func:`observe`, such as a CUDA graph."""

    def observe(
        self, points: Tensor, labels: Tensor, *, loss: AttackLoss, reference: Tensor | None = None
    ) -> Observation:
        """Return the same observation as :func:`observe` for this network."""


def observe(
    network: Callable[[Tensor], Tensor],
    points: Tensor,
    labels: Tensor,
    *,
    loss: AttackLoss,
    reference: Tensor | None = None,
) -> Observation:
    """Observe a network by a forward and a backward pass, or by its own faster implementation.

    Args:
        network: maps (N, C, H, W) to logits (N, classes). If its output does not depend on its
            input, the gradient is zero.
        points: (N, C, H, W).
        labels: int64, (N,).
        loss: maps logits and labels to losses, (N,).
        reference: third argument of ``loss`` if it takes one, a row per image: the target class,
            or the clean logits.
    """
    if isinstance(network, Observable):
        return network.observe(points, labels, loss=loss, reference=reference)
    points = points.detach().requires_grad_()
    with torch.enable_grad():
        logits = network(points)
        losses = loss(logits, labels) if reference is None else loss(logits, labels, reference)
        gradient = input_gradient(losses, points)
    # The sign of NaN is NaN and would move the point out of the ball: treat it as no gradient.
    gradient = gradient.detach().nan_to_num(nan=0.0)
    return Observation(losses.detach(), gradient, logits.detach().argmax(1) == labels)


def input_gradient(losses: Tensor, points: Tensor) -> Tensor:
    """Gradient of each loss (N,) at its point (N, C, H, W); zero if there is none."""
    if not losses.requires_grad:  # the network ignores its input
        return torch.zeros_like(points)
    (gradient,) = torch.autograd.grad(
        losses.sum(), [points], allow_unused=True, materialize_grads=True
    )
    return gradient


def is_right(network: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
    """Whether the network's highest logit is the label's: bool, (N,)."""
    with torch.no_grad():
        result: Tensor = network(images).argmax(1) == labels
    return result


def attack_result(
    images: Tensor, *, correct: Tensor, survives: Tensor, strongest: Tensor, fooling: Tensor,
    has_gradient: Tensor, note: str = "",
) -> AttackResult:  # fmt: skip
    """Assemble the result of an attack that never stopped early on any image.

    Args:
        images: (N, C, H, W).
        correct: bool, (N,): right on the clean image.
        survives: bool, (N,): right on every visited point.
        strongest: (N, C, H, W), adversarial image to return where the network was always right.
        fooling: (N, C, H, W), adversarial image to return where it was wrong at some point.
        has_gradient: bool, (N,), whether the loss had a gradient at the start.
        note: deviation from the published attack.
    """
    adversarial = torch.where(per_image(survives), strongest, fooling)
    adversarial = torch.where(per_image(correct | ~survives), adversarial, images)
    return AttackResult(adversarial, survives & correct, correct, has_gradient, note)


def stronger(first: AttackResult, second: AttackResult) -> AttackResult:
    """The worst case of two attacks on the same images, image by image.

    The adversarial image is the first's, unless only the second fooled the network.
    """
    takes_second = first.robust & ~second.robust
    notes = dict.fromkeys(note for note in (first.note, second.note) if note)
    return AttackResult(
        adversarial=torch.where(per_image(takes_second), second.adversarial, first.adversarial),
        robust=first.robust & second.robust,
        correct=first.correct & second.correct,
        has_gradient=first.has_gradient | second.has_gradient,
        note="; ".join(notes),
    )


def project(points: Tensor, images: Tensor, epsilon: float) -> Tensor:
    """The nearest points within ``epsilon`` of ``images`` (L-infinity) and within [0, 1]."""
    return points.maximum(images - epsilon).minimum(images + epsilon).clamp(0.0, 1.0)


def per_image(values: Tensor) -> Tensor:
    """(N,) as (N, 1, 1, 1), to broadcast against images."""
    return values.view(-1, 1, 1, 1)


def check_start(images: Tensor, noise: Tensor, *, epsilon: float, num_steps: int) -> None:
    """Reject arguments that no attack can run on; reads no value from the device.

    Raises:
        ConfigError: a shape or a number is out of range.
    """
    if images.dim() != 4 or not images.is_floating_point():
        raise ConfigError(
            "attacked images: expected float (N, channels, height, width) in [0, 1], "
            f"got {images.dtype} {tuple(images.shape)}"
        )
    if noise.shape != images.shape:
        raise ConfigError(
            f"noise: expected the images' shape {tuple(images.shape)}, got {tuple(noise.shape)}"
        )
    if not 0.0 <= epsilon <= 1.0:
        raise ConfigError(
            f"epsilon: expected a number in [0, 1] of the pixel range, got {epsilon}"
        )
    if num_steps < 1:
        raise ConfigError(f"steps of an attack: expected at least 1, got {num_steps}")
