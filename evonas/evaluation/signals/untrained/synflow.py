"""Synaptic flow: how much signal passes through a network whose weights are all positive.

Tanaka, Kunin, Yamins and Ganguli 2020, "Pruning neural networks without any data by iteratively
conserving synaptic flow", arXiv 2006.05467, equation 1; summed over a network as in Abdelfattah,
Mehrotra, Dudziak and Lane 2021, arXiv 2101.08134.
"""

import math

import torch
from torch.func import functional_call

from evonas.evaluation.signals.untrained.probe import Probe
from evonas.rules import true_gradient


def log_synflow(probe: Probe) -> float:
    """Logarithm of the sum of weight times gradient, for the summed logits of an all-ones image.

    The weights are replaced by their absolute values. Normalisation uses its initial statistics,
    which leave the inputs nearly unchanged. Abdelfattah and others leave normalisations out and
    sum over the weights of convolutions and linear maps; here all parameters count.
    """
    network = probe.network
    weights = {
        name: parameter.detach().double().abs().requires_grad_(parameter.requires_grad)
        for name, parameter in network.named_parameters()
    }
    buffers = {
        name: each.double() if each.is_floating_point() else each.clone()
        for name, each in network.named_buffers()
    }
    ones = torch.ones_like(probe.images[:1], dtype=torch.float64)
    # the network normalises its input: pass it the image that becomes ones
    images = ones * buffers["deviation"] + buffers["mean"]
    network.eval()
    try:
        with true_gradient(network):
            total = functional_call(network, {**weights, **buffers}, (images,)).sum()
    finally:
        network.train()
    trained = [weight for weight in weights.values() if weight.requires_grad]
    found = torch.autograd.grad(total, trained, allow_unused=True)
    flow = sum(
        float((weight.detach() * gradient).sum())
        for weight, gradient in zip(trained, found, strict=True)
        if gradient is not None
    )
    return math.log(flow) if flow > 0 else -math.inf
