"""The losses that an attack maximises, one value per image, high when the network is wrong.

Every loss maps logits (N, classes) and labels (N,) to (N,), computes in at least float32 and never
makes the host wait for the device.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import ConfigError

AttackLoss: TypeAlias = Callable[[Tensor, Tensor], Tensor]

SCALED_LOGIT = 5.0  # large enough to tell classes apart, far from where a softmax saturates


def ce(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy (Madry et al. 2018).

    Its gradient vanishes in float32 when logits are large: over-confident networks seem robust.
    """
    return F.cross_entropy(_at_least_float32(logits), labels, reduction="none")


def ce_scaled(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of z' = 5 z / max|z|, the divisor held constant.

    Multiplying all logits by a positive number changes neither a decision nor this loss.
    """
    logits = _at_least_float32(logits)
    return F.cross_entropy(
        logits * (SCALED_LOGIT / largest_logit(logits)), labels, reduction="none"
    )


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio (Croce and Hein 2020, eq. 6), with pi the order of the logits.

        -(z_y - max_{j != y} z_j) / (z_pi1 - z_pi3 + 1e-12)

    Raises:
        ConfigError: there are fewer than three classes, so that z_pi3 does not exist.
    """
    if logits.shape[1] < 3:
        raise ConfigError(
            f"the loss 'dlr' needs at least 3 classes, got {logits.shape[1]}; use 'ce_scaled'"
        )
    logits = _at_least_float32(logits)
    top = logits.topk(3, dim=1)
    own = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    is_first = top.indices[:, 0] == labels
    rival = torch.where(is_first, top.values[:, 1], top.values[:, 0])
    return -(own - rival) / (top.values[:, 0] - top.values[:, 2] + 1e-12)


def largest_logit(logits: Tensor) -> Tensor:
    """max|z| of each image, (N, 1), without a gradient and never zero."""
    return logits.detach().abs().amax(1, keepdim=True).clamp_min(1e-12)


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


ATTACK_LOSSES: dict[str, AttackLoss] = {loss.__name__: loss for loss in (ce, ce_scaled, dlr)}
