"""Square, random search with square windows (Andriushchenko et al. 2020), L-infinity.

It uses only logits, so no backward pass can mislead it. Shapes never change and the host reads no
value.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from evonas.evaluation.attacks.ascent import (
    AttackResult,
    attack_result,
    check_start,
    per_image,
    project,
)
from evonas.evaluation.attacks.attack_losses import margin
from evonas.evaluation.attacks.random_numbers import check_numbers

FIRST_SHARE = 0.8  # share of the image's area that the first windows cover
# The share is halved after each of these of 10 000 queries (section 4.2); scaled to the actual
# number of queries, as in the paper.
HALVED_AFTER = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)


def square(
    network: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: Fraction | float,
    numbers: Tensor,
    num_queries: int,
) -> AttackResult:
    """Try random windows of +-epsilon and keep those that lower the margin of the right class.

    It differs from the authors' code in two ways, on purpose: every image has its own windows, so
    that a verdict does not depend on the batch, and a window may touch the lower and the right
    edge, which theirs never does.

    Args:
        network: maps images in [0, 1] to logits.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        epsilon: radius of the ball, in units of the pixel range.
        numbers: uniform in [0, 1), (N, ``num_square_numbers(...)``): the windows and their signs.
        num_queries: forward passes after the first two (clean image and initial stripes).

    Raises:
        ConfigError: an argument is out of range.
    """
    radius = float(epsilon)
    check_start(images, images, epsilon=radius, num_steps=num_queries)
    num_images, channels, height, width = images.shape
    shape = channels, height, width
    check_numbers(numbers, images, expected=num_square_numbers(shape, num_queries))
    images = images.detach()
    in_stripes, in_windows = numbers.split([channels * width, num_queries * (2 + channels)], 1)
    stripes = signs(in_stripes).view(num_images, channels, 1, width)
    windows = in_windows.view(num_images, num_queries, 2 + channels).unbind(1)
    rows = torch.arange(height, device=images.device).view(1, 1, -1, 1)
    columns = torch.arange(width, device=images.device).view(1, 1, 1, -1)

    with torch.no_grad():
        correct = network(images).argmax(1) == labels
        best = project(images + radius * stripes, images, radius)
        logits = network(best)
        best_loss, right = margin(logits, labels), logits.argmax(1) == labels
        survives, fooling = right, best
        for query, drawn in enumerate(windows):
            side = window_side(height, width, query=query, num_queries=num_queries)
            top = per_image((drawn[:, 0] * (height - side + 1)).floor())
            left = per_image((drawn[:, 1] * (width - side + 1)).floor())
            inside = (rows >= top) & (rows < top + side) & (columns >= left)
            inside = inside & (columns < left + side)
            colour = signs(drawn[:, 2:]).view(num_images, channels, 1, 1)
            point = project(best + 2 * radius * colour * inside, images, radius)
            logits = network(point)
            loss, right = margin(logits, labels), logits.argmax(1) == labels
            is_better = loss > best_loss
            best = torch.where(per_image(is_better), point, best)
            best_loss = torch.where(is_better, loss, best_loss)
            survives = survives & right
            fooling = torch.where(per_image(right), fooling, point)

    return attack_result(
        images, correct=correct, survives=survives, strongest=best, fooling=fooling,
        has_gradient=torch.ones_like(correct),
    )  # fmt: skip


def num_square_numbers(shape: tuple[int, int, int], num_queries: int) -> int:
    """Number of random numbers that ``square`` uses for one image (channels, height, width)."""
    channels, _, width = shape
    return channels * width + num_queries * (2 + channels)


def window_side(height: int, width: int, *, query: int, num_queries: int) -> int:
    """Side of the window of one query, in pixels; queries count from zero."""
    scaled = int(query / num_queries * 10_000)
    halvings = sum(scaled > end for end in HALVED_AFTER)
    side = round(math.sqrt(FIRST_SHARE / 2**halvings * height * width))
    return min(max(side, 1), height, width)


def signs(numbers: Tensor) -> Tensor:
    """Map uniform numbers in [0, 1) to -1 or 1 with equal probability."""
    return (numbers >= 0.5).to(numbers.dtype) * 2 - 1
