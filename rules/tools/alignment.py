"""Angle between each layer's update and the true gradient (Lillicrap et al. 2016)."""

import math

import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules.connect import rule_layers
from evonas.rules.tools.exact import true_gradient
from evonas.rules.tools.updates import rule_updates


def alignment(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Angle between the update of each rule layer for one batch and the true gradient.

    The loss is cross-entropy. The network runs in its current mode. It must not use dropout,
    because the two passes would differ. Parameters, gradients and buffers are not changed.

    Args:
        network: network that maps images to logits (batch, classes).
        images: (batch, C, H, W), or whatever the network takes.
        labels: class indices (batch,).

    Returns:
        Degrees in [0, 180], keyed by the name of the layer. Layers that do not learn are left out;
        an update or a gradient of zero gives NaN.

    Raises:
        RuleError: the network is not connected.
    """
    layers = {
        name: layer for name, layer in rule_layers(network).items() if layer.weight.requires_grad
    }
    if not layers:
        raise RuleError("alignment: expected a network with trainable rule layers, got none")
    weights = [layer.weight for layer in layers.values()]
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    updates = rule_updates(network, images, labels, weights)
    with true_gradient(network):
        truths = rule_updates(network, images, labels, weights)
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)
    return {
        name: _angle_degrees(update, truth)
        for name, update, truth in zip(layers, updates, truths, strict=True)
        if update is not None and truth is not None
    }


def _angle_degrees(first: Tensor, second: Tensor) -> float:
    a, b = first.double().flatten(), second.double().flatten()
    norms = torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b)
    return math.degrees(torch.acos((a @ b / norms).clamp(-1.0, 1.0)).item())
