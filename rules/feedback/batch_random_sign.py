"""Batchwise random-magnitude sign-concordant feedback (Liao 2016)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.rules.arena import flat, flat_constant, shared_out
from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer, Transport, check_scale
from evonas.rules.scale import Scale


@final
@dataclass(frozen=True)
class BatchRandomSign(AbstractFeedbackRule):
    """V = |M_t| sign(W), M_t drawn anew after every update of W.

    "After every update" is the paper's word and is taken literally: two forward passes of one
    optimiser step, a recomputation and an evaluation all see the same M_t.

    Attributes:
        scale: sigma of M_t, see :func:`evonas.rules.scale.sigma`.
    """

    scale: Scale = "group"

    name: ClassVar[str] = "brsf"
    title: ClassVar[str] = "Batchwise random-magnitude sign-concordant feedback"
    source: ClassVar[str] = "Liao, Leibo and Poggio 2016, arXiv 1510.05067"
    equation: ClassVar[str] = "V = |M_t| sign(W),  M_t ~ U(-sqrt(3) sigma, sqrt(3) sigma)"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "K(g; |M_t| sign(W))"
    cost: ClassVar[str] = "one random number, one sign and two products a weight and step"
    limits: ClassVar[str] = (
        "needs batch normalisation (Liao et al. 2016); a weight of zero sends nothing; the "
        "signs are transported"
    )

    def __post_init__(self) -> None:
        check_scale(self, self.scale)

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The magnitudes of this optimiser step with the signs of the weight as it is now."""
        return layer.weight.detach().sign() * layer.fresh_noise().abs() * layer.sigma(self.scale)

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """The same for all layers at once; also the magnitudes are drawn at once."""
        if self.scale == "rms":  # sigma follows each weight
            return super().feedbacks(layers)
        sigmas = flat_constant(
            self, layers, lambda layer: torch.ones_like(layer.weight) * layer.sigma(self.scale)
        )
        noise = layers[0].connected.fresh_noises(
            [layer.number for layer in layers],
            like=layers[0].weight,
            counts=[layer.weight.numel() for layer in layers],
        )
        signs = flat(layer.weight for layer in layers).sign_()
        return shared_out(signs.mul_(noise.abs()).mul_(sigmas), layers)
