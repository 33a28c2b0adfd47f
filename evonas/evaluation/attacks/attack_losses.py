"""Losses that attacks maximise: one value per image, high when the network is wrong.

Every loss maps logits (N, classes) and labels (N,) to (N,), computes in at least float32 and never
makes the host wait for the device. Two take a third argument, the ``reference`` of ``observe``:
the target class, or the clean logits.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import ConfigError

AttackLoss: TypeAlias = Callable[..., Tensor]

SCALED_LOGIT = 5.0  # large enough to separate classes, but far from saturating the softmax


def ce(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy (Madry et al. 2018).

    Its gradient vanishes in float32 when logits are large: over-confident networks seem robust.
    """
    return F.cross_entropy(_at_least_float32(logits), labels, reduction="none")


def ce_scaled(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of z' = 5 z / max|z|, with the divisor held constant.

    Multiplying all logits by a positive number changes neither the decision nor this loss.
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


def dlr_targeted(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Difference of logits ratio for a target class t (Croce and Hein 2020, eq. 7).

        -(z_y - z_t) / (z_pi1 - (z_pi3 + z_pi4) / 2 + 1e-12)

    Args:
        logits: (N, classes).
        labels: int64, (N,).
        targets: t, int64, (N,).

    Raises:
        ConfigError: there are fewer than four classes, so that z_pi4 does not exist.
    """
    if logits.shape[1] < 4:
        raise ConfigError(
            f"the targeted loss 'dlr' needs at least 4 classes, got {logits.shape[1]}; use 'dlr' "
            "or 'ce_scaled'"
        )
    logits = _at_least_float32(logits)
    top = logits.topk(4, dim=1).values
    own = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    aim = logits.gather(1, targets.unsqueeze(1)).squeeze(1)
    return -(own - aim) / (top[:, 0] - 0.5 * (top[:, 2] + top[:, 3]) + 1e-12)


def kl_from_clean(logits: Tensor, _labels: Tensor, clean_logits: Tensor) -> Tensor:
    """KL(softmax(clean) || softmax(attacked)), which TRADES maximises (Zhang et al. 2019)."""
    clean = _at_least_float32(clean_logits).log_softmax(1)
    attacked = _at_least_float32(logits).log_softmax(1)
    return F.kl_div(attacked, clean, reduction="none", log_target=True).sum(1)


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """max_{j != y} z_j - z_y: positive where the network is wrong."""
    logits = _at_least_float32(logits)
    own = logits.gather(1, labels.unsqueeze(1)).squeeze(1)
    return without_label(logits, labels).amax(1) - own


def without_label(logits: Tensor, labels: Tensor) -> Tensor:
    """The logits, (N, classes), with the label's set to minus infinity."""
    return logits.scatter(1, labels.unsqueeze(1), -torch.inf)


def largest_logit(logits: Tensor) -> Tensor:
    """max|z| of each image, (N, 1), detached and never zero."""
    return logits.detach().abs().amax(1, keepdim=True).clamp_min(1e-12)


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


ATTACK_LOSSES: dict[str, AttackLoss] = {loss.__name__: loss for loss in (ce, ce_scaled, dlr)}

# number of classes that each loss needs, and the loss that replaces it if there are fewer
FALLBACKS: dict[str, tuple[int, str]] = {"dlr": (3, "ce_scaled"), "dlr_targeted": (4, "dlr")}


def defined_loss(loss: str, *, num_classes: int) -> tuple[str, str]:
    """Replace a loss that needs more classes than there are.

    Returns:
        The name of a loss that is defined, and a note for tables if it is not ``loss``.
    """
    chosen = loss
    while chosen in FALLBACKS and num_classes < FALLBACKS[chosen][0]:
        chosen = FALLBACKS[chosen][1]
    if chosen == loss:
        return loss, ""
    needed = FALLBACKS[loss][0]
    return chosen, f"{loss} needs {needed} classes, there are {num_classes}: {chosen} instead"
