"""PGD (Madry et al. 2018), L-infinity: signed steps of one size from a random start."""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.ascent import (
    AttackResult,
    attack_result,
    check_start,
    is_right,
    observe,
    per_image,
    project,
    stronger,
)
from evonas.evaluation.attacks.attack_losses import ATTACK_LOSSES
from evonas.registry import look_up

RELATIVE_TRAVEL = 2.5  # steps times step size, in epsilons; below 2 a far side is out of reach


def pgd(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noise: Tensor,
    num_steps: int,
    loss: str = "ce",
) -> AttackResult:
    """Climb by signed steps of ``2.5 epsilon / num_steps`` from ``images + epsilon noise``.

    Arguments, result and errors are those of ``evonas.evaluation.attacks.gradient.apgd.apgd``,
    except that ``dlr`` is refused where it is not defined; the cost is 3 num_steps + 2 forward
    passes, since the last point needs no gradient.
    """
    radius = float(epsilon)
    check_start(images, noise, epsilon=radius, num_steps=num_steps)
    attack_loss = look_up(ATTACK_LOSSES, loss, kind="attack loss")
    images = images.detach()
    correct = is_right(network, images, labels)
    step = RELATIVE_TRAVEL * radius / num_steps

    point = project(images + radius * noise, images, radius)
    seen = observe(network, point, labels, loss=attack_loss)
    has_gradient = seen.has_gradient
    survives, fooling = seen.is_right, point
    for i in range(num_steps):
        point = project(point + step * seen.gradient.sign(), images, radius)
        if i + 1 < num_steps:
            seen = observe(network, point, labels, loss=attack_loss)
            right = seen.is_right
        else:
            right = is_right(network, point, labels)
        survives = survives & right
        fooling = torch.where(per_image(right), fooling, point)

    return attack_result(
        images, correct=correct, survives=survives, strongest=point, fooling=fooling,
        has_gradient=has_gradient,
    )  # fmt: skip


def pgd_with_restarts(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noises: Tensor,
    num_steps: int,
    loss: str = "ce",
) -> AttackResult:
    """The worst case of :func:`pgd` from several starts, image by image.

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        epsilon: radius of the ball, in units of the pixel range.
        noises: uniform in (-1, 1), (restarts, N, C, H, W).
        num_steps: gradient steps from each start.
        loss: a name in ``ATTACK_LOSSES``.

    Raises:
        ConfigError: an argument is out of range.
        UnknownNameError: no loss has this name.
    """
    if not len(noises):
        raise ConfigError("restarts of PGD: expected at least 1, got 0")
    result: AttackResult | None = None
    for noise in noises:
        found = pgd(
            network, images, labels, epsilon=epsilon, noise=noise, num_steps=num_steps, loss=loss
        )
        result = found if result is None else stronger(result, found)
    assert result is not None
    return result
