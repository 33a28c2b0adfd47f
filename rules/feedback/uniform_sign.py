"""Uniform sign-concordant feedback: the signs of the weights, one magnitude (Liao 2016)."""

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
class UniformSign(AbstractFeedbackRule):
    """V = sigma sign(W); a weight of exactly zero sends nothing.

    Attributes:
        scale: sigma, see :func:`evonas.rules.scale.sigma`.
    """

    scale: Scale = "group"

    name: ClassVar[str] = "usf"
    title: ClassVar[str] = "Uniform sign-concordant feedback"
    source: ClassVar[str] = "Liao, Leibo and Poggio 2016, arXiv 1510.05067"
    equation: ClassVar[str] = "V = sigma sign(W)"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "K(g; sigma sign(W))"
    cost: ClassVar[str] = "one sign and one product a weight and step"
    limits: ClassVar[str] = (
        "needs batch normalisation (Liao et al. 2016); a weight of zero sends nothing; the "
        "signs are transported"
    )

    def __post_init__(self) -> None:
        check_scale(self, self.scale)

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The signs of the weight as it is now."""
        return layer.weight.detach().sign() * layer.sigma(self.scale)

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """The same for all layers at once."""
        if self.scale == "rms":  # sigma follows each weight
            return super().feedbacks(layers)
        sigmas = flat_constant(
            self, layers, lambda layer: torch.ones_like(layer.weight) * layer.sigma(self.scale)
        )
        signs = flat(layer.weight for layer in layers).sign_()
        return shared_out(signs.mul_(sigmas), layers)
