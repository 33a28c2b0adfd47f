"""Weight updates that a network would learn from one batch, as passed to the optimiser."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules.connect import wirings


def rule_updates(
    network: nn.Module, images: Tensor, labels: Tensor, weights: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """Result of the backward pass of the cross-entropy for each weight; ``grad`` is unchanged.

    Args:
        network: connected network that maps images to logits (batch, classes); its mode is kept.
        images: (batch, C, H, W), or whatever the network takes.
        labels: class indices (batch,).
        weights: parameters of the network.

    Returns:
        A tensor of its shape for each weight; None for a weight that does not affect the loss.
    """
    with torch.enable_grad():
        for wiring in wirings(network):
            wiring.aim(labels)
        logits = network(images)
        for wiring in wirings(network):
            if wiring.bus.readers:  # the network has not watched its logits itself
                logits = wiring.watch(logits)
        loss = F.cross_entropy(logits, labels)
        return torch.autograd.grad(loss, list(weights), allow_unused=True)
