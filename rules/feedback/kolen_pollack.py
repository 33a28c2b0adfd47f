"""Kolen-Pollack: feedback that gets the same updates and decay as the weight (Kolen 1994).

W and B receive the same gradient and the same decay, so their difference only decays, all elements
by the same factor: W_t - B_t = a_t (W_0 - B_0). So B need not be stored or trained: the layer
keeps D_0 = W_0 - B_0, and the wiring keeps the number a_t. This shortcut computes the rule
exactly; the rule itself transports nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.feedback.scaled_feedback import AbstractScaledFeedback
from evonas.rules.flat_tensors import flat_constant, flatten, split_like_weights


@final
@dataclass(frozen=True)
class KolenPollack(AbstractScaledFeedback):
    """V = B_t = W_t - a_t (W_0 - B_0).

    Exact for SGD (momentum, Nesterov, coupled decay) and AdamW, if *all* rule layers share their
    settings and only the optimiser changes the weights: no weight averaging, norm constraint,
    pruning, or trust ratio as in LAMB.

    Attributes:
        scale: sigma of B_0, see :func:`evonas.rules.scale.sigma`.
    """

    name: ClassVar[str] = "kp"
    title: ClassVar[str] = "Kolen-Pollack"
    source: ClassVar[str] = "Kolen and Pollack 1994; Akrout et al. 2019, arXiv 1904.05391"
    equation: ClassVar[str] = "V = B_t,  Delta B_t = Delta W_t  (decay included)"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "K(g; B_t)"
    cost: ClassVar[str] = (
        "one product and one difference per weight and step; keeps one tensor of the weight's size"
    )
    limits: ClassVar[str] = (
        "aligns with the weights by weight decay alone; this implementation is exact for SGD and "
        "AdamW, but not for Adam with coupled decay or if anything else changes W"
    )
    needs_weight_decay: ClassVar[bool] = True

    def keep(self, layer: AbstractRuleLayer) -> Tensor:
        """D_0 = W_0 - B_0."""
        return layer.weight.detach() - layer.fixed_noise() * layer.sigma(self.scale)

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """B_t.

        Raises:
            RuleError: the layer is not connected, or was connected before it got this rule.
        """
        return layer.weight.detach() - layer.connected.decay * self._offset(layer)

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """B_t of all layers at once."""
        offsets = flat_constant(self, layers, self._offset)
        weights = flatten(layer.weight for layer in layers)
        return split_like_weights(weights.sub_(layers[0].connected.decay * offsets), layers)

    def _offset(self, layer: AbstractRuleLayer) -> Tensor:
        """D_0."""
        if layer.kept is None:
            raise RuleError(
                "rule 'kp' keeps the weights that a layer had when it was connected, but this one "
                "was connected before it got the rule: call `connect(network, seed=...)` again"
            )
        return layer.kept
