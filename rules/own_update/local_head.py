"""The trained head of a layer under a local loss (Nokland and Eidnes 2019)."""

from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules.base import AbstractRuleLayer


@final
class LocalHead(nn.Module):
    """Two linear maps of a layer's outputs: one to read the class off, one to see likeness in.

    It trains with the layer and is no part of the network's forward pass. As in the authors'
    code the reading begins at zero; the other begins as torch begins a convolution, from the
    draws of the wiring.

    Attributes:
        read: (classes, features).
        offset: (classes,).
        see: (channels, channels, 3, 3), or (channels, channels) for a linear layer; None if
            likeness does not count.
    """

    def __init__(
        self, layer: AbstractRuleLayer, *, num_classes: int, num_features: int, sees: bool
    ) -> None:
        super().__init__()
        weight, channels = layer.weight, layer.weight.shape[0]
        self.read = nn.Parameter(weight.new_zeros(num_classes, num_features))
        self.offset = nn.Parameter(weight.new_zeros(num_classes))
        self.see: nn.Parameter | None = None
        if sees:
            taps = (3, 3) if weight.dim() == 4 else ()
            shape = torch.Size([channels, channels, *taps])
            noise = layer.connected.fixed_noise(layer.number, like=weight, shape=shape)
            self.see = nn.Parameter(noise / (3.0 * noise[0].numel()) ** 0.5)

    def forward(self, hidden: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (batch, classes) of the features, and what is seen in (batch, channels, ...)."""
        seen = hidden
        if self.see is not None and self.see.dim() == 4:
            seen = F.conv2d(hidden, self.see, padding=1)
        elif self.see is not None:
            seen = F.linear(hidden.movedim(1, -1), self.see).movedim(-1, 1)
        return F.linear(features, self.read, self.offset), seen
