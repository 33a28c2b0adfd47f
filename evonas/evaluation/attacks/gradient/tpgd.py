"""TPGD, the attack inside TRADES (Zhang et al. 2019, algorithm 1), L-infinity.

It moves the answer away from the clean one, whatever the label is, so it is weaker than PGD where
the two disagree. It is the attack of a training method: for comparison, and not part of any level.
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
from evonas.evaluation.attacks.attack_losses import kl_from_clean
from evonas.evaluation.attacks.gradient.pgd import RELATIVE_TRAVEL

START_DEVIATION = 0.001  # at the image itself the divergence is zero, and so is its gradient


def tpgd(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noise: Tensor,
    num_steps: int,
) -> AttackResult:
    """Climb KL(clean answer || attacked answer) by steps of ``2.5 epsilon / num_steps``.

    Arguments, result and errors are those of ``evonas.evaluation.attacks.gradient.apgd.apgd``, but
    for two: there is no ``loss`` to choose, and ``noise`` is standard normal, 0.001 of which is
    added to the images to start from.
    """
    radius = float(epsilon)
    check_start(images, noise, epsilon=radius, num_steps=num_steps)
    images = images.detach()
    with torch.no_grad():
        clean_logits = network(images)
    correct = clean_logits.argmax(1) == labels
    step = RELATIVE_TRAVEL * radius / num_steps

    point = (images + START_DEVIATION * noise).clamp(0.0, 1.0)
    has_gradient = torch.zeros_like(correct)
    survives, fooling = correct, images
    for i in range(num_steps):
        seen = observe(network, point, labels, loss=kl_from_clean, reference=clean_logits)
        if i == 0:  # the start may be out of the ball: it is not counted
            has_gradient = seen.has_gradient
        else:
            survives = survives & seen.is_right
            fooling = torch.where(per_image(seen.is_right), fooling, point)
        point = project(point + step * seen.gradient.sign(), images, radius)
    right = is_right(network, point, labels)
    survives = survives & right
    fooling = torch.where(per_image(right), fooling, point)

    return attack_result(
        images, correct=correct, survives=survives, strongest=point, fooling=fooling,
        has_gradient=has_gradient,
    )  # fmt: skip
