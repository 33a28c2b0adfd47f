"""Fixed first layer that whitens small patches of the images."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIDE = 2  # side length of a patch in pixels
FLOOR = 5e-4
"""Constant added to a variance before taking its root, for normalised images (airbench94)."""


@final
class Whitening(nn.Module):
    """A 2x2 convolution onto the principal components of patches, each of unit variance.

    Every component is used with both signs, because a rectifier follows. Nothing is trained: the
    components are computed once from training images (:meth:`fit`) and saved with the network.
    Before that they are zero. Source: Keller Jordan, airbench94 (arXiv 2404.00498, section 3.1);
    its bias, which is trained for three epochs there, is left out.

    Args:
        in_channels: number of channels C of the images.

    Attributes:
        components: (8 C, C, 2, 2).
    """

    components: Tensor

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        num = in_channels * SIDE**2
        self.register_buffer("components", torch.zeros(2 * num, in_channels, SIDE, SIDE))

    @property
    def out_channels(self) -> int:
        """Number of output channels, 8 C."""
        return self.components.shape[0]

    def forward(self, images: Tensor) -> Tensor:
        """Maps (N, C, H, W) to (N, 8 C, H - 1, W - 1)."""
        return F.conv2d(images, self.components)

    @torch.no_grad()
    def fit(self, images: Tensor) -> None:
        """Compute the components from images.

        Args:
            images: normalised images, (N, C, H, W).
        """
        channels = images.shape[1]
        patches = F.unfold(images.double(), SIDE).movedim(1, 2).reshape(-1, channels * SIDE**2)
        moments = (patches.t() @ patches / len(patches)).cpu()
        variances, vectors = torch.linalg.eigh(moments)
        scaled = (vectors / (variances + FLOOR).sqrt()).t().flip(0)  # the largest variance first
        both = torch.cat([scaled, -scaled]).view_as(self.components)
        self.components.copy_(both)
