"""APGD-T: APGD with the targeted DLR loss, once for each of the likeliest wrong classes."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.ascent import AttackResult, check_start, stronger
from evonas.evaluation.attacks.attack_losses import defined_loss, dlr_targeted, without_label
from evonas.evaluation.attacks.gradient.apgd import apgd, climb


def apgd_targeted(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noises: Tensor,
    num_steps: int,
) -> AttackResult:
    """Target the wrong classes one by one, in the order of their clean logits, highest first.

    AutoAttack targets nine (Croce and Hein 2020, section 4). With fewer than four classes the loss
    is not defined: ``apgd`` then runs once with ``dlr`` or, with two classes, ``ce_scaled``, and
    the result's note says so.

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        epsilon: radius of the ball, in units of the pixel range.
        noises: uniform in (-1, 1), (targets, N, C, H, W), a start for each target class; those
            beyond classes - 1 are not used.
        num_steps: number of gradient steps per class, which cost 3 (num_steps + 1) forward passes.

    Raises:
        ConfigError: an argument is out of range.
    """
    if not len(noises):
        raise ConfigError("classes to aim at: expected at least 1, got 0")
    check_start(images, noises[0], epsilon=float(epsilon), num_steps=num_steps)
    with torch.no_grad():
        clean_logits = network(images)
    num_classes = clean_logits.shape[1]
    chosen, note = defined_loss("dlr_targeted", num_classes=num_classes)
    if note:
        result = apgd(
            network, images, labels, epsilon=epsilon, noise=noises[0], num_steps=num_steps,
            loss=chosen,
        )  # fmt: skip
        return replace(result, note=note)
    correct = clean_logits.argmax(1) == labels
    num_targets = min(len(noises), num_classes - 1)
    targets = without_label(clean_logits, labels).topk(num_targets, dim=1).indices
    found: AttackResult | None = None
    for target, noise in zip(targets.unbind(1), noises, strict=False):
        aimed = climb(
            network, images, labels, correct, radius=float(epsilon), noise=noise,
            num_steps=num_steps, loss=dlr_targeted, reference=target,
        )  # fmt: skip
        found = aimed if found is None else stronger(found, aimed)
    assert found is not None
    return found
