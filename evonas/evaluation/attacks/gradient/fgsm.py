"""FGSM: one signed step to the border of the ball (Goodfellow et al. 2015), L-infinity."""

from collections.abc import Callable
from fractions import Fraction

from torch import Tensor

from evonas.evaluation.attacks.ascent import (
    AttackResult,
    attack_result,
    check_start,
    is_right,
    observe,
    project,
)
from evonas.evaluation.attacks.attack_losses import ATTACK_LOSSES
from evonas.registry import look_up


def fgsm(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    loss: str = "ce",
) -> AttackResult:
    """``clip(x + epsilon sign(gradient))``: two forward passes and one backward pass.

    Arguments, result and errors are those of ``evonas.evaluation.attacks.gradient.apgd.apgd``,
    without noise and steps.
    """
    radius = float(epsilon)
    check_start(images, images, epsilon=radius, num_steps=1)
    attack_loss = look_up(ATTACK_LOSSES, loss, kind="attack loss")
    images = images.detach()
    seen = observe(network, images, labels, loss=attack_loss)
    point = project(images + radius * seen.gradient.sign(), images, radius)
    survives = seen.is_right & is_right(network, point, labels)
    return attack_result(
        images, correct=seen.is_right, survives=survives, strongest=point, fooling=point,
        has_gradient=seen.has_gradient,
    )  # fmt: skip
