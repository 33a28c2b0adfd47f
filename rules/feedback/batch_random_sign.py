"""Batchwise random-magnitude sign-concordant feedback (Liao 2016)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.rules.base import AbstractRuleLayer
from evonas.rules.feedback.sign_concordant import AbstractSignConcordant
from evonas.rules.flat_tensors import flat_constant


@final
@dataclass(frozen=True)
class BatchRandomSign(AbstractSignConcordant):
    """V = |M_t| sign(W), with M_t redrawn after every update of W.

    "After every update" is the paper's wording, taken literally: all forward passes of one
    optimiser step use the same M_t, including recomputations and evaluations.

    Attributes:
        scale: sigma of M_t, see :func:`evonas.rules.scale.sigma`.
    """

    name: ClassVar[str] = "brsf"
    title: ClassVar[str] = "Batchwise random-magnitude sign-concordant feedback"
    equation: ClassVar[str] = "V = |M_t| sign(W),  M_t ~ U(-sqrt(3) sigma, sqrt(3) sigma)"
    sends: ClassVar[str] = "K(g; |M_t| sign(W))"
    cost: ClassVar[str] = "one random number, one sign and two products per weight and step"

    def magnitude(self, layer: AbstractRuleLayer) -> Tensor:
        """|M_t| of this optimiser step."""
        return layer.fresh_noise().abs() * layer.sigma(self.scale)

    def magnitudes(self, layers: Sequence[AbstractRuleLayer]) -> Tensor:
        """|M_t| of all layers, drawn at once."""
        sigmas = flat_constant(
            self, layers, lambda layer: torch.ones_like(layer.weight) * layer.sigma(self.scale)
        )
        noise = layers[0].connected.fresh_noises(
            [layer.number for layer in layers],
            like=layers[0].weight,
            counts=[layer.weight.numel() for layer in layers],
        )
        return noise.abs().mul_(sigmas)
