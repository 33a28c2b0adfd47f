"""Alternating flips: an image that was mirrored in one epoch is not mirrored in the next.

An image seen once plainly and once mirrored teaches more than the same view twice (airbench94,
Keller Jordan 2024, arXiv 2404.00498).
"""

from typing import Literal, TypeAlias, final

import torch
from torch import Tensor

from evonas.evaluation.training.augment import TrainingImages

Flips: TypeAlias = Literal["random", "alternating"]
"""How training images are mirrored. ``random``: each image with probability 1/2 in each epoch.
``alternating``: half of the images in the first epoch, chosen at random, and from then on each
image in every second epoch. Images of data sets that must not be mirrored never are."""

_MIRRORED = 3  # row of the plan that says whether an image is mirrored


@final
class AlternatingFlips:
    """Decides for each image and epoch whether the image is mirrored.

    Args:
        images: training images.
        seed: seed of the choice for the first epoch.
    """

    def __init__(self, images: TrainingImages, *, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._begins_mirrored = torch.randint(2, (len(images),), generator=generator)
        self._may_flip = images.flip

    def applied(self, plan: Tensor, *, epoch: int) -> Tensor:
        """The plan with alternating flips in place of random ones.

        Args:
            plan: int64, (steps, 1 or 4, batch), result of ``plan_epoch``.
            epoch: number of the epoch, from 0.
        """
        if not self._may_flip:
            return plan
        alternating = plan.clone()
        alternating[:, _MIRRORED] = (self._begins_mirrored[plan[:, 0]] + epoch) % 2
        return alternating
