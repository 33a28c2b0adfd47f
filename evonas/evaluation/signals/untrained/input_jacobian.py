"""Sensitivity of the logits of an untrained network to its input.

To first order, the norm of the Jacobian bounds the effect of an attack. It is estimated by the
random projection of Hoffman, Roberts and Yaida 2019, "Robust Learning with Jacobian
Regularization", arXiv 1908.02729.
"""

import math

import torch
from torch import Tensor

from evonas.evaluation.signals.untrained.probe import Probe
from evonas.seeds import derive_seed


def log_input_jacobian(probe: Probe) -> float:
    """Logarithm of an estimate of the images' mean squared Frobenius norm of the Jacobian.

    For random signs v, one per image and logit, the expected squared norm of the product of v and
    the Jacobian is the squared Frobenius norm of the Jacobian (Hutchinson 1990). In training mode
    the images share batch statistics, so each image's gradient depends slightly on the others.
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
