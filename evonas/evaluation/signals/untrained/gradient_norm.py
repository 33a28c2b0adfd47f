"""Norm of the gradient of the loss at the initial weights.

Abdelfattah, Mehrotra, Dudziak and Lane 2021, "Zero-Cost Proxies for Lightweight NAS",
arXiv 2101.08134, section 3.1. In their code the norms of the layers' weights are added up; here
it is the norm of the whole gradient, biases and normalisations included.
"""

import math

import torch
from torch.nn import functional as F

from evonas.evaluation.signals.untrained.probe import Probe


def log_gradient_norm(probe: Probe) -> float:
    """Logarithm of the Euclidean norm of the exact gradient with respect to all parameters."""
    loss = F.cross_entropy(probe.forward.logits, probe.labels)
    weights = [parameter for parameter in probe.network.parameters() if parameter.requires_grad]
    found = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    square = sum(float(each.double().square().sum()) for each in found if each is not None)
    return 0.5 * math.log(square) if square > 0 else -math.inf
