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
    Observation,
    check_start,
    observe,
)
from evonas.evaluation.attacks.attack_losses import kl_from_clean
from evonas.evaluation.attacks.gradient.pgd import climb_by_signs

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

    def look(point: Tensor) -> Observation:
        return observe(network, point, labels, loss=kl_from_clean, reference=clean_logits)

    return climb_by_signs(
        network, images, labels, look=look, correct=correct,
        start=(images + START_DEVIATION * noise).clamp(0.0, 1.0), radius=radius,
        num_steps=num_steps, is_start_in_ball=False,
    )  # fmt: skip
