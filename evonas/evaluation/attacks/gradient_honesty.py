"""Check whether the gradient that attacks follow predicts the loss (Athalye et al. 2018)."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.attacks.ascent import observe
from evonas.evaluation.attacks.attack_losses import SCALED_LOGIT, ce_scaled, largest_logit
from evonas.evaluation.attacks.frozen_network import frozen

STEP = 1e-4  # step of the finite difference, in units of the pixel range
JITTER = 1 / 255  # largest distance of a checked point from its image, in the same units


def gradient_honesty(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    seed: int,
    num_directions: int = 4,
) -> float:
    """Relative error of the directional derivatives that a network's backward pass predicts.

    Let L be the rescaled cross-entropy of one image (its divisor held at the value at x), g its
    gradient according to the backward pass, and d random unit vectors. The error is

        sum |(L(x + h d) - L(x - h d)) / 2h - <g, d>|  /  sum |(L(x + h d) - L(x - h d)) / 2h|

    in float64 on a copy of the network, at a random point x close to each image; on the image
    itself, equal neighbouring pixels would tie in a max pooling, which has no gradient there. An
    honest backward pass gives less than 0.01 (kinks of ReLU), a surrogate of feedback alignment
    about 1. The finite differences depend only on the forward pass, so no rule passes by accident.

    Args:
        network: any differentiable network that can be deep-copied.
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        seed: seed of the points and directions.
        num_directions: number of directions per image.

    Returns:
        The error; 0 if the loss changes in no direction and the backward pass agrees.
    """
    twin = deepcopy(network).double()
    generator = torch.Generator().manual_seed(seed)
    jitter = torch.rand(images.shape, generator=generator, dtype=torch.float64).to(images.device)
    points = images.double() * (1 - 2 * JITTER) + 2 * JITTER * jitter  # stays in [0, 1]
    shape = (num_directions, *points.shape)
    directions = torch.randn(shape, generator=generator, dtype=torch.float64).to(points.device)
    directions = directions / directions.flatten(2).norm(dim=2).view(num_directions, -1, 1, 1, 1)

    with frozen(twin):
        gradient = observe(twin, points, labels, loss=ce_scaled).gradient
    with frozen(twin), torch.no_grad():
        predicted = (directions * gradient).flatten(2).sum(2)
        divisor = largest_logit(twin(points))
        measured = torch.stack([_slope(twin, points, labels, d, divisor) for d in directions])
    error = (measured - predicted).abs().sum()
    return float(error / measured.abs().sum().clamp_min(torch.finfo(error.dtype).tiny))


def _slope(
    network: Callable[[Tensor], Tensor],
    points: Tensor,
    labels: Tensor,
    direction: Tensor,
    divisor: Tensor,
) -> Tensor:
    """Central difference of the loss along one unit vector per image, (N,)."""
    ahead = _loss(network(points + STEP * direction), labels, divisor)
    behind = _loss(network(points - STEP * direction), labels, divisor)
    return (ahead - behind) / (2 * STEP)


def _loss(logits: Tensor, labels: Tensor, divisor: Tensor) -> Tensor:
    return F.cross_entropy(logits * (SCALED_LOGIT / divisor), labels, reduction="none")
