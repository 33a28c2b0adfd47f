"""Fixed random-magnitude sign-concordant feedback (Liao 2016)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.arena import flat, flat_constant, shared_out
from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer, Transport, check_scale
from evonas.rules.scale import Scale


@final
@dataclass(frozen=True)
class FixedRandomSign(AbstractFeedbackRule):
    """V = |M| sign(W), M drawn once: the signs follow the weights, the magnitudes never change.

    Attributes:
        scale: sigma of M, see :func:`evonas.rules.scale.sigma`.
    """

    scale: Scale = "group"

    name: ClassVar[str] = "frsf"
    title: ClassVar[str] = "Fixed random-magnitude sign-concordant feedback"
    source: ClassVar[str] = "Liao, Leibo and Poggio 2016, arXiv 1510.05067"
    equation: ClassVar[str] = "V = |M| sign(W),  M ~ U(-sqrt(3) sigma, sqrt(3) sigma)"
    transports: ClassVar[Transport] = "signs"
    sends: ClassVar[str] = "K(g; |M| sign(W))"
    cost: ClassVar[str] = "one sign and two products a weight and step"
    limits: ClassVar[str] = (
        "needs batch normalisation (Liao et al. 2016); a weight of zero sends nothing; the "
        "signs are transported"
    )

    def __post_init__(self) -> None:
        check_scale(self, self.scale)

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The fixed magnitudes with the signs of the weight as it is now."""
        return layer.weight.detach().sign() * layer.fixed_noise().abs() * layer.sigma(self.scale)

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """The same for all layers at once."""
        if self.scale == "rms":  # sigma follows each weight
            return super().feedbacks(layers)
        magnitudes = flat_constant(
            self, layers, lambda layer: layer.fixed_noise().abs() * layer.sigma(self.scale)
        )
        signs = flat(layer.weight for layer in layers).sign_()
        return shared_out(signs.mul_(magnitudes), layers)
