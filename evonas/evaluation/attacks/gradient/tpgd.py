"""TPGD, the attack that TRADES uses in training (Zhang et al. 2019, algorithm 1), L-infinity.

It moves the output away from the clean output, whatever the label is, so it is weaker than PGD
where the clean output and the label disagree. It serves for comparison and is part of no level.
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

START_DEVIATION = 0.001  # needed because the divergence has no gradient at the image itself


def tpgd(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noise: Tensor,
    num_steps: int,
) -> AttackResult:
    """Maximise KL(clean output || attacked output) by steps of ``2.5 epsilon / num_steps``.

    Arguments, result and errors are those of ``evonas.evaluation.attacks.gradient.apgd.apgd``,
    with two exceptions: there is no ``loss``, and ``noise`` is standard normal; the attack starts
    from the images plus 0.001 times the noise.
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
