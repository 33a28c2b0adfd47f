"""Fixed random-magnitude sign-concordant feedback (Liao 2016)."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.base import AbstractRuleLayer
from evonas.rules.feedback.sign_concordant import AbstractSignConcordant


@final
@dataclass(frozen=True)
class FixedRandomSign(AbstractSignConcordant):
    """V = |M| sign(W), with M drawn once: signs follow the weights, magnitudes never change.

    Attributes:
        scale: sigma of M, see :func:`evonas.rules.scale.sigma`.
    """

    name: ClassVar[str] = "frsf"
    title: ClassVar[str] = "Fixed random-magnitude sign-concordant feedback"
    equation: ClassVar[str] = "V = |M| sign(W),  M ~ U(-sqrt(3) sigma, sqrt(3) sigma)"
    sends: ClassVar[str] = "K(g; |M| sign(W))"
    cost: ClassVar[str] = "one sign and two products per weight and step"

    def magnitude(self, layer: AbstractRuleLayer) -> Tensor:
        """|M|, which is the same at every step."""
        return layer.fixed_noise().abs() * layer.sigma(self.scale)
