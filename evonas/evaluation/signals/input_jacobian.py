"""How strongly the logits of an untrained network answer to its input.

The norm of the Jacobian bounds, in the first order, what an attack can do; Hoffman, Roberts and
Yaida 2019, "Robust Learning with Jacobian Regularization", arXiv 1908.02729, whose random
projection it is estimated by.
"""

import math

import torch
from torch import Tensor

from evonas.evaluation.signals.probe import Probe
from evonas.seeds import derive_seed


def log_input_jacobian(probe: Probe) -> float:
    """The logarithm of the mean squared Frobenius norm of the Jacobian of an image, estimated.

    With signs v, one for each image and logit, the mean of the squared norm of v's product with
    the Jacobian is its squared Frobenius norm (Hutchinson 1990). In training mode the images share
    the statistics of their batch, and so a small part of their gradients.
    """
    seed = derive_seed(probe.seed, "signals", "jacobian")
    generator = torch.Generator().manual_seed(seed)

    def signs(logits: Tensor) -> Tensor:
        drawn = torch.randint(0, 2, logits.shape, generator=generator)
        return drawn.to(logits.dtype) * 2.0 - 1.0

    logits = probe.forward.logits
    gradient = probe.image_gradient((logits * signs(logits)).sum())
    square = float(gradient.double().square().flatten(1).sum(dim=1).mean())
    return math.log(square) if square > 0 else -math.inf
