"""What every gradient attack shares: a look at the network, the ball, and the answer."""

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
    """What an attack found, image by image.

    Attributes:
        adversarial: (N, C, H, W), in [0, 1] and within epsilon of the images; the network is wrong
            on it exactly where ``robust`` is false. Where it is true, the visited point of highest
            loss.
        robust: bool, (N,): right on the clean image and on every point the attack visited.
        correct: bool, (N,): right on the clean image.
        has_gradient: bool, (N,): the loss had a gradient other than zero where the attack began.
    """

    adversarial: Tensor
    robust: Tensor
    correct: Tensor
    has_gradient: Tensor


class Look(NamedTuple):
    """The network at one point: loss (N,), its gradient (N, C, H, W), right or wrong (N,)."""

    loss: Tensor
    gradient: Tensor
    is_right: Tensor


@runtime_checkable
class Looking(Protocol):
    """A network that knows a quicker way to be looked at."""

    def look(self, points: Tensor, labels: Tensor, *, loss: AttackLoss) -> Look:
        """What :func:`take_look` gives."""


def look(
    network: Callable[[Tensor], Tensor], points: Tensor, labels: Tensor, *, loss: AttackLoss
) -> Look:
    """What an attack sees of the network at ``points``, in the network's own way if it has one."""
    if isinstance(network, Looking):
        return network.look(points, labels, loss=loss)
    return take_look(network, points, labels, loss=loss)


def take_look(
    network: Callable[[Tensor], Tensor], points: Tensor, labels: Tensor, *, loss: AttackLoss
) -> Look:
    """One forward and one backward pass; a point that is not on any path has gradient zero."""
    points = points.detach().requires_grad_()
    with torch.enable_grad():
        logits = network(points)
        losses = loss(logits, labels)
        if losses.requires_grad:
            (gradient,) = torch.autograd.grad(
                losses.sum(), [points], allow_unused=True, materialize_grads=True
            )
        else:  # a network that does not look at its input
            gradient = torch.zeros_like(points)
    # The sign of nan is nan and would carry the point out of the ball: no gradient instead.
    gradient = gradient.detach().nan_to_num(nan=0.0)
    return Look(losses.detach(), gradient, logits.detach().argmax(1) == labels)


def is_right(network: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> Tensor:
    """Where the network's highest logit is the label's: bool, (N,)."""
    with torch.no_grad():
        result: Tensor = network(images).argmax(1) == labels
    return result


def project(points: Tensor, images: Tensor, epsilon: float) -> Tensor:
    """The nearest points within ``epsilon`` of ``images`` (L-infinity) and within [0, 1]."""
    return points.maximum(images - epsilon).minimum(images + epsilon).clamp(0.0, 1.0)


def per_image(values: Tensor) -> Tensor:
    """(N,) as (N, 1, 1, 1), to broadcast against images."""
    return values.view(-1, 1, 1, 1)


def check_start(images: Tensor, noise: Tensor, *, epsilon: float, num_steps: int) -> None:
    """Refuse what no attack can run on; nothing here reads a value off the device.

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
