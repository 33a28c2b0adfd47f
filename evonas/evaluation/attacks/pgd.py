"""PGD (Madry et al. 2018) and its one-step limit FGSM (Goodfellow et al. 2015), L-infinity.

For comparison and for showing what masking looks like; the objective ``robust`` uses APGD.
"""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from evonas.evaluation.attacks.ascent import (
    AttackResult,
    attack_result,
    check_start,
    is_right,
    observe,
    per_image,
    project,
)
from evonas.evaluation.attacks.attack_losses import ATTACK_LOSSES
from evonas.registry import look_up

RELATIVE_TRAVEL = 2.5  # steps times step size, in epsilons; below 2 a far side is out of reach


def pgd(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noise: Tensor,
    num_steps: int,
    loss: str = "ce",
) -> AttackResult:
    """Climb by signed steps of ``2.5 epsilon / num_steps`` from ``images + epsilon noise``.

    Arguments, result and errors are those of ``evonas.evaluation.attacks.apgd.apgd``; the cost is
    3 num_steps + 2 forward passes, since the last point needs no gradient.
    """
    radius = float(epsilon)
    check_start(images, noise, epsilon=radius, num_steps=num_steps)
    attack_loss = look_up(ATTACK_LOSSES, loss, kind="attack loss")
    images = images.detach()
    correct = is_right(network, images, labels)
    step = RELATIVE_TRAVEL * radius / num_steps

    point = project(images + radius * noise, images, radius)
    seen = observe(network, point, labels, loss=attack_loss)
    has_gradient = seen.has_gradient
    survives, fooling = seen.is_right, point
    for i in range(num_steps):
        point = project(point + step * seen.gradient.sign(), images, radius)
        if i + 1 < num_steps:
            seen = observe(network, point, labels, loss=attack_loss)
            right = seen.is_right
        else:
            right = is_right(network, point, labels)
        survives = survives & right
        fooling = torch.where(per_image(right), fooling, point)

    return attack_result(
        images, correct=correct, survives=survives, strongest=point, fooling=fooling,
        has_gradient=has_gradient,
    )  # fmt: skip


def fgsm(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    loss: str = "ce",
) -> AttackResult:
    """One signed step to the border of the ball: PGD of one step that starts at the image."""
    return pgd(
        network,
        images,
        labels,
        epsilon=epsilon,
        noise=torch.zeros_like(images),
        num_steps=1,
        loss=loss,
    )
