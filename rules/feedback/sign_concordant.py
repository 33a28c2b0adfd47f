"""Sign-concordant feedback: the signs of the weights with other magnitudes (Liao 2016)."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.feedback.scaled_feedback import AbstractScaledFeedback
from evonas.rules.flat_tensors import flat_constant, flatten, split_like_weights


@dataclass(frozen=True)
class AbstractSignConcordant(AbstractScaledFeedback):
    """V = |V| sign(W); the rules differ only in the magnitudes |V|.

    Attributes:
        scale: sigma of V, see :func:`evonas.rules.scale.sigma`.
    """

    source: ClassVar[str] = "Liao, Leibo and Poggio 2016, arXiv 1510.05067"
    transports: ClassVar[Transport] = "signs"
    limits: ClassVar[str] = (
        "needs batch normalisation (Liao et al. 2016); a weight of zero sends nothing; the "
        "signs are transported"
    )

    @abstractmethod
    def magnitude(self, layer: AbstractRuleLayer) -> float | Tensor:
        """|V| of a layer at this step: of the weight's shape, or one number for all weights."""

    @final
    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The magnitudes with the signs of the current weight, of the weight's shape."""
        return layer.weight.detach().sign() * self.magnitude(layer)

    @final
    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """The feedback of all layers, computed at once."""
        if self.scale == "rms":  # sigma follows each weight
            return super().feedbacks(layers)
        signs = flatten(layer.weight for layer in layers).sign_()
        return split_like_weights(signs.mul_(self.magnitudes(layers)), layers)

    def magnitudes(self, layers: Sequence[AbstractRuleLayer]) -> Tensor:
        """|V| of all layers, concatenated: (total number of weights,).

        Computed once for these layers; rules that redraw their magnitudes override it.
        """
        return flat_constant(
            self, layers, lambda layer: torch.ones_like(layer.weight) * self.magnitude(layer)
        )
