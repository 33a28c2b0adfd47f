"""APGD, gradient ascent that adapts its step size (Croce and Hein 2020, algorithm 1), L-infinity.

Shapes never change and the host reads no value: all images run for all steps, with ``torch.where``
instead of early stopping, and the checkpoints depend only on the number of steps. A call can
therefore be captured as one CUDA graph.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

import torch
from torch import Tensor

from evonas.evaluation.attacks.ascent import (
    AttackResult,
    attack_result,
    check_start,
    observe,
    per_image,
    project,
)
from evonas.evaluation.attacks.attack_losses import ATTACK_LOSSES, AttackLoss, defined_loss
from evonas.registry import look_up

RHO = 0.75  # share of steps that must increase the loss, else the step is halved (section 3.1)
MOMENTUM_KEPT = 0.75  # alpha of eq. (3)


def apgd(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    noise: Tensor,
    num_steps: int,
    loss: str = "ce_scaled",
) -> AttackResult:
    """Search for a misclassified point within ``epsilon`` of every image.

    The caller prepares the network: evaluation mode, frozen parameters, and a backward pass that
    gives the true gradient (``robust_accuracy`` does all three).

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        epsilon: radius of the ball, in units of the pixel range.
        noise: uniform in (-1, 1), of the images' shape. It is scaled so that the start lies on the
            border of the ball; the caller draws it, so that it can be the same for every network.
        num_steps: number of gradient steps; the cost is 3 (num_steps + 1) + 1 forward passes.
        loss: name in ``ATTACK_LOSSES``. ``dlr`` needs three classes; with two it is replaced by
            ``ce_scaled``, and the result's note says so.

    Raises:
        ConfigError: an argument is out of range.
        UnknownNameError: no loss has this name.
    """
    attack_loss = look_up(ATTACK_LOSSES, loss, kind="attack loss")
    check_start(images, noise, epsilon=float(epsilon), num_steps=num_steps)
    with torch.no_grad():
        clean_logits = network(images)
    chosen, note = defined_loss(loss, num_classes=clean_logits.shape[1])
    if chosen != loss:
        attack_loss = ATTACK_LOSSES[chosen]
    return climb(
        network, images, labels, clean_logits.argmax(1) == labels, radius=float(epsilon),
        noise=noise, num_steps=num_steps, loss=attack_loss, note=note,
    )  # fmt: skip


def climb(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    correct: Tensor,
    *,
    radius: float,
    noise: Tensor,
    num_steps: int,
    loss: AttackLoss,
    reference: Tensor | None = None,
    note: str = "",
) -> AttackResult:
    """Run the ascent of :func:`apgd` on any loss.

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        correct: bool, (N,): the network is right on the image.
        radius: radius of the ball, in units of the pixel range.
        noise: as in :func:`apgd`.
        num_steps: number of gradient steps.
        loss: loss to maximise.
        reference: third argument of the loss, if it takes one.
        note: note of the result.
    """
    images = images.detach()
    start = images + radius * (noise / (per_image(noise.abs().flatten(1).amax(1)) + 1e-12))
    point = start.clamp(0.0, 1.0)
    seen = observe(network, point, labels, loss=loss, reference=reference)
    has_gradient = seen.has_gradient
    survives = seen.is_right
    fooling = point  # for every image, the last visited point at which the network was wrong
    best, best_loss, best_gradient = point, seen.loss, seen.gradient
    gradient = seen.gradient

    previous = point
    step = torch.full_like(best_loss, 2.0 * radius)
    increases = torch.zeros_like(best_loss)
    # The authors' code compares the first loss with zero instead of the loss at the start; kept,
    # so that results are comparable bit by bit.
    last_loss = torch.zeros_like(best_loss)
    was_halved = torch.ones_like(survives)
    best_loss_at_checkpoint = best_loss
    windows = dict(checkpoints(num_steps))

    for i in range(num_steps):
        # eq. (3): a signed step, then momentum; the first step has no predecessor.
        kept = MOMENTUM_KEPT if i > 0 else 1.0
        ahead = project(point + per_image(step) * gradient.sign(), images, radius)
        moved = point + (ahead - point) * kept + (point - previous) * (1 - kept)
        previous, point = point, project(moved, images, radius)

        seen = observe(network, point, labels, loss=loss, reference=reference)
        gradient = seen.gradient
        survives = survives & seen.is_right
        fooling = torch.where(per_image(seen.is_right), fooling, point)

        is_better = seen.loss > best_loss
        best = torch.where(per_image(is_better), point, best)
        best_gradient = torch.where(per_image(is_better), gradient, best_gradient)
        best_loss = torch.where(is_better, seen.loss, best_loss)
        increases = increases + (seen.loss > last_loss)
        last_loss = seen.loss

        if i in windows:
            # Conditions 1 and 2 of section 3.1: too few increases, or no improvement since the
            # last checkpoint although the step was not halved there.
            is_stuck = ~was_halved & (best_loss_at_checkpoint >= best_loss)
            was_halved = (increases <= RHO * windows[i]) | is_stuck
            best_loss_at_checkpoint = best_loss
            increases = torch.zeros_like(increases)
            step = torch.where(was_halved, step / 2, step)
            point = torch.where(per_image(was_halved), best, point)
            gradient = torch.where(per_image(was_halved), best_gradient, gradient)

    return attack_result(
        images, correct=correct, survives=survives, strongest=best, fooling=fooling,
        has_gradient=has_gradient, note=note,
    )  # fmt: skip


def checkpoints(num_steps: int) -> Iterator[tuple[int, int]]:
    """Yield the checkpoints of APGD: the step, and the number of steps since the previous one.

    The first window is 22 % of all steps; each later one is shorter by 3 % of all steps, but not
    below 6 % (section 3.1).
    """
    window = max(int(0.22 * num_steps), 1)
    shorter_by, shortest = max(int(0.03 * num_steps), 1), max(int(0.06 * num_steps), 1)
    end = window
    while end <= num_steps:
        yield end - 1, window
        window = max(window - shorter_by, shortest)
        end += window
