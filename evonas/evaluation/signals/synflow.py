"""Synaptic flow: how much passes a network whose weights are all positive.

Tanaka, Kunin, Yamins and Ganguli 2020, "Pruning neural networks without any data by iteratively
conserving synaptic flow", arXiv 2006.05467, equation 1; summed over a network as in Abdelfattah,
Mehrotra, Dudziak and Lane 2021, arXiv 2101.08134.
"""

import math

import torch

from evonas.evaluation.signals.probe import Probe
from evonas.rules import true_gradient


def log_synflow(probe: Probe) -> float:
    """The logarithm of the sum of weight times gradient, of the sum of logits of an image of ones.

    The weights are replaced by their absolute values, and the normalisation is as before training:
    it leaves its inputs nearly as they are.
    """
    network = probe.network.double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    ones = torch.ones_like(probe.images[:1], dtype=torch.float64)
    # the network normalises its input: give it what becomes ones
    with true_gradient(network):
        total = network(ones * network.deviation + network.mean).sum()
    weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
    found = torch.autograd.grad(total, weights, allow_unused=True)
    flow = sum(
        float((weight.detach() * gradient).sum())
        for weight, gradient in zip(weights, found, strict=True)
        if gradient is not None
    )
    return math.log(flow) if flow > 0 else -math.inf
