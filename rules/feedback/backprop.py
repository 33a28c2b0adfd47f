"""Back-propagation, the reference for every other rule (Rumelhart 1986)."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.base import AbstractRule, AbstractRuleLayer, Transport


@final
@dataclass(frozen=True)
class Backprop(AbstractRule):
    """Exact gradients; bit-identical to torch, because torch's own layer runs."""

    name: ClassVar[str] = "bp"
    title: ClassVar[str] = "Back-propagation"
    source: ClassVar[str] = "Rumelhart, Hinton and Williams 1986, Nature 323"
    equation: ClassVar[str] = "V = W"
    transports: ClassVar[Transport] = "weights"
    sends: ClassVar[str] = "K(g; W)"
    updates: ClassVar[str] = "C(x, g)"
    cost: ClassVar[str] = "none: torch's own layer runs"
    limits: ClassVar[str] = (
        "transports the weights, which no neuron is known to do; the bound for the others, not "
        "a candidate"
    )

    def run(self, layer: AbstractRuleLayer, inputs: Tensor) -> Tensor:
        """The outputs of torch's own layer."""
        return layer.run_exactly(inputs)

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The weight itself."""
        return layer.weight.detach()
