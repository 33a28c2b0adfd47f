"""PGD (Madry et al. 2018), L-infinity: signed steps of fixed size from a random start."""

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from evonas.errors import ConfigError
from evonas.evaluation.attacks.ascent import (
    AttackResult,
    Observation,
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

RELATIVE_TRAVEL = 2.5  # total path in epsilons; below 2 the far side of the ball is out of reach


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
    """Take signed steps of ``2.5 epsilon / num_steps`` from ``images + epsilon noise``.

    Arguments, result and errors are those of ``evonas.evaluation.attacks.gradient.apgd.apgd``,
    except that ``dlr`` is rejected if there are too few classes. The cost is 3 num_steps + 2
    forward passes, since the last point needs no gradient.
    """
    radius = float(epsilon)
    check_start(images, noise, epsilon=radius, num_steps=num_steps)
    attack_loss = look_up(ATTACK_LOSSES, loss, kind="attack loss")
    images = images.detach()
    correct = is_right(network, images, labels)

    def look(point: Tensor) -> Observation:
        return observe(network, point, labels, loss=attack_loss)

    start = project(images + radius * noise, images, radius)
    return climb_by_signs(
        network, images, labels, look=look, correct=correct, start=start, radius=radius,
        num_steps=num_steps,
    )  # fmt: skip


def climb_by_signs(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    look: Callable[[Tensor], Observation],
    correct: Tensor,
    start: Tensor,
    radius: float,
    num_steps: int,
    is_start_in_ball: bool = True,
) -> AttackResult:
    """Take signed steps of ``2.5 radius / num_steps``, each projected into the ball.

    Args:
        network: maps images in [0, 1] to logits.
        images: (N, C, H, W), centres of the balls.
        labels: int64, (N,).
        look: observes a point, with the loss to maximise and its gradient.
        correct: bool, (N,): right on the clean image.
        start: (N, C, H, W), points to start from.
        radius: radius of the balls.
        num_steps: number of steps, at least 1.
        is_start_in_ball: whether the start lies in the ball, so that an error there counts.
    """
    step = RELATIVE_TRAVEL * radius / num_steps
    point, survives, fooling = start, correct, images
    has_gradient = torch.zeros_like(correct)
    for i in range(num_steps):
        seen = look(point)
        if i == 0:
            has_gradient = seen.has_gradient
        if i > 0 or is_start_in_ball:
            survives = survives & seen.is_right
            fooling = torch.where(per_image(seen.is_right), fooling, point)
        point = project(point + step * seen.gradient.sign(), images, radius)
    right = is_right(network, point, labels)  # the last point needs no gradient
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
    """Worst case of :func:`pgd` over several starts, for each image.

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        epsilon: radius of the ball, in units of the pixel range.
        noises: uniform in (-1, 1), (restarts, N, C, H, W).
        num_steps: number of gradient steps from each start.
        loss: name in ``ATTACK_LOSSES``.

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
