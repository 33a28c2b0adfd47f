"""Uniform sign-concordant feedback: the signs of the weights, all equal in size (Liao 2016)."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.base import AbstractRuleLayer
from evonas.rules.feedback.sign_concordant import AbstractSignConcordant


@final
@dataclass(frozen=True)
class UniformSign(AbstractSignConcordant):
    """V = sigma sign(W); a weight of exactly zero sends nothing.

    Attributes:
        scale: sigma, see :func:`evonas.rules.scale.sigma`.
    """

    name: ClassVar[str] = "usf"
    title: ClassVar[str] = "Uniform sign-concordant feedback"
    equation: ClassVar[str] = "V = sigma sign(W)"
    sends: ClassVar[str] = "K(g; sigma sign(W))"
    cost: ClassVar[str] = "one sign and one product per weight and step"

    def magnitude(self, layer: AbstractRuleLayer) -> float | Tensor:
        """Sigma of the layer."""
        return layer.sigma(self.scale)
