"""Local losses that need only forward passes through the network: Mono-Forward, self-contrastive.

Each is differentiated within its layer, like predsim. ``rules/own_update/local_loss.py`` selects
the loss.
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
    """Each image, standardised to mean 0 and standard deviation 1; the shape is unchanged."""
    axes = tuple(range(1, images.dim()))
    centred = images - images.mean(axes, keepdim=True)
    return centred / (centred.std(axes, keepdim=True) + 1e-10)


def self_contrast(
    answers: Tensor, *, theta_positive: float, theta_negative: float, penalty: float
) -> Tensor:
    """Self-contrastive loss: high goodness for pairs of equal images, low for different images.

    Chen, Liu, Laydevant and Grollier 2025, arXiv 2409.11593, as implemented in their code. The
    output for a pair is the sum of the outputs for both images, so for (x, x) it is 2 z. The other
    image is the next one in the batch. The goodness G of a position is the mean over all channels
    of the squared rectified outputs:

        L = mean softplus(theta+ - G+) + mean softplus(G- - theta-) + penalty mean_n |G+_n|

    Args:
        answers: the outputs z, (batch, channels, ...), including the bias.
        theta_positive: theta+.
        theta_negative: theta-.
        penalty: weight of the norm of an image's goodness over its positions.
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
    """Mean over the channels of the squared rectified outputs: (batch, 1, ...)."""
    return answers.relu().square().mean(1, keepdim=True)
