"""Transfer: adversarial images of one network tried on another (Papernot et al. 2017)."""

from collections.abc import Callable

import torch
from torch import Tensor

from evonas.evaluation.attacks.ascent import AttackResult, attack_result, is_right


def transfer(
    network: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, *, adversarial: Tensor
) -> AttackResult:
    """Test whether adversarial images of another network fool this one.

    It uses no gradient of the network. It hardly ever finds what a black-box search does not: a
    network that resists it may be as fragile as any (``docs/attacks.md``).

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        adversarial: (N, C, H, W), adversarial images from an attack on the other network.
    """
    images = images.detach()
    correct = is_right(network, images, labels)
    survives = is_right(network, adversarial, labels)
    return attack_result(
        images, correct=correct, survives=survives, strongest=adversarial, fooling=adversarial,
        has_gradient=torch.ones_like(correct),
    )  # fmt: skip
