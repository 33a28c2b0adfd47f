"""The trained head of a layer under a local loss (Nokland and Eidnes 2019)."""

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules.base import AbstractRuleLayer


@final
class LocalHead(nn.Module):
    """Two linear maps of a layer's outputs: a classifier, and a map for the similarity loss.

    The head is trained with the layer and takes no part in the network's forward pass. As in the
    authors' code, the classifier is initialised to zero. The similarity map is initialised like a
    convolution of torch, with random numbers of the wiring.

    Attributes:
        read: weight of the classifier, (classes, features).
        offset: bias of the classifier, (classes,); None without a bias.
        see: weight of the similarity map, (channels, channels, 3, 3), or (channels, channels) for
            a linear layer; None if the loss has no similarity term.
    """

    def __init__(
        self,
        layer: AbstractRuleLayer,
        *,
        num_classes: int,
        num_features: int,
        sees: bool,
        has_offset: bool = True,
    ) -> None:
        super().__init__()
        weight, channels = layer.weight, layer.weight.shape[0]
        self.read = nn.Parameter(weight.new_zeros(num_classes, num_features))
        self.offset = nn.Parameter(weight.new_zeros(num_classes)) if has_offset else None
        self.see: nn.Parameter | None = None
        if sees:
            taps = (3, 3) if weight.dim() == 4 else ()
            shape = torch.Size([channels, channels, *taps])
            noise = layer.connected.fixed_noise(layer.number, like=weight, shape=shape)
            self.see = nn.Parameter(noise / (3.0 * noise[0].numel()) ** 0.5)

    def forward(self, hidden: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Class scores (batch, classes), and similarity features (batch, channels, ...)."""
        seen = hidden
        if self.see is not None and self.see.dim() == 4:
            seen = F.conv2d(hidden, self.see, padding=1)
        elif self.see is not None:
            seen = F.linear(hidden.movedim(1, -1), self.see).movedim(-1, 1)
        return F.linear(features, self.read, self.offset), seen
