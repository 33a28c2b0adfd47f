"""Losses of one layer that need forward passes alone: Mono-Forward and self-contrastive.

Within the layer each is differentiated, as predsim is. ``rules/own_update/local_loss.py`` chooses.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def mono_forward(activities: Tensor, projection: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the goodness of each class, G = a M^T.

    Gong, Li and Abdulla 2025, arXiv 2501.09238 (first version).

    Args:
        activities: a, (batch, features), not normalised.
        projection: M, (classes, features).
        targets: (batch, classes), probabilities.
    """
    return F.cross_entropy(activities @ projection.t(), targets)


def standardised(images: Tensor) -> Tensor:
    """Each image with mean 0 and deviation 1 over all that it has; of one shape."""
    axes = tuple(range(1, images.dim()))
    centred = images - images.mean(axes, keepdim=True)
    return centred / (centred.std(axes, keepdim=True) + 1e-10)


def self_contrast(
    answers: Tensor, *, theta_positive: float, theta_negative: float, penalty: float
) -> Tensor:
    """The loss that makes a pair of an image with itself good, and one with another image bad.

    Chen, Liu, Laydevant and Grollier 2025, arXiv 2409.11593, as their code has it. A layer answers
    a pair by the sum of its answers, so the answer to (x, x) is 2 z. The other image is the
    next of the batch. With the goodness G of a position, the mean of the squared rectified answers
    of all channels,

        L = mean softplus(theta+ - G+) + mean softplus(G- - theta-) + penalty mean_n |G+_n|

    Args:
        answers: z, (batch, channels, ...), the bias included.
        theta_positive: theta+.
        theta_negative: theta-.
        penalty: of the norm of the goodness of an image over its positions.
    """
    good = goodness(2.0 * answers)
    bad = goodness(answers + answers.roll(-1, 0))
    norms = torch.linalg.vector_norm(good.flatten(1), dim=1)
    losses: list[Tensor] = [
        F.softplus(theta_positive - good).mean(), F.softplus(bad - theta_negative).mean(),
        penalty * norms.mean(),
    ]  # fmt: skip
    return torch.stack(losses).sum()


def goodness(answers: Tensor) -> Tensor:
    """Mean over the channels of the squared rectified answers: (batch, 1, ...)."""
    return answers.relu().square().mean(1, keepdim=True)
