"""What the weights of a network would learn from one batch, as the optimiser is given it."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules.connect import wirings


def rule_updates(
    network: nn.Module, images: Tensor, labels: Tensor, weights: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    """What the backward pass of cross-entropy leaves for each weight; no ``grad`` is changed.

    Args:
        network: connected; maps images to logits (batch, classes), in the mode it is in.
        images: (batch, C, H, W), or whatever the network takes.
        labels: (batch,) class numbers.
        weights: parameters of the network.

    Returns:
        For each weight a tensor of its shape; None where no path to the loss runs through it.
    """
    with torch.enable_grad():
        for wiring in wirings(network):
            wiring.aim(labels)
        logits = network(images)
        for wiring in wirings(network):
            if wiring.bus.readers:  # the network does not watch them itself
                logits = wiring.watch(logits)
        loss = F.cross_entropy(logits, labels)
        return torch.autograd.grad(loss, list(weights), allow_unused=True)
