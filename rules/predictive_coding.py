"""Predictive coding of one layer: its input relaxes before it learns (Whittington 2017)."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.own_update import AbstractOwnUpdateRule, Moment, Send


@final
@dataclass(frozen=True)
class PredictiveCoding(AbstractOwnUpdateRule):
    """The segment is the layer: a value node v at its input, tied to x, its output nudged by g.

    With G = N g the signal of each of the N images alone, the node descends the energy

        E(v) = |v - x|^2 / (2 gamma) + G . (W v)

    for ``steps`` steps of size ``step`` gamma from v = x, and the layer learns C(v, g) and sends
    (x - v) / (gamma N). A layer is linear, so all steps go in one direction and are taken at once:
    v = x - r gamma K(G; W) with r = 1 - (1 - step)^steps. Against back-propagation the update has
    one more term, -r gamma C(K(G; W), g), that makes outputs which err together repel each other;
    gamma to 0 is back-propagation. The images below the first layer are held fixed, so that one
    learns C(x, g). It learns at the learning rate of the network.

    Attributes:
        send: whose tensor takes the place of W in K; ``bp`` is the theory's.
        gamma: how far the input may move.
        step: of the relaxation, below 2.
        steps: of the relaxation.
    """

    send: Send = "bp"
    gamma: float = 0.1
    step: float = 0.5
    steps: int = 4

    name: ClassVar[str] = "pc"
    title: ClassVar[str] = "Predictive coding of one layer"
    source: ClassVar[str] = "Whittington and Bogacz 2017, Neural Computation 29"
    equation: ClassVar[str] = "grad W = C(v, g),  v = x - r gamma K(N g; W)"
    transports: ClassVar[Transport] = "weights"
    sends: ClassVar[str] = "r K(g; W)"
    updates: ClassVar[str] = "C(v, g), v the relaxed input"
    updates_first: ClassVar[str] = "C(x, g)"
    cost: ClassVar[str] = "one transposed pass more for the relaxed input"
    limits: ClassVar[str] = (
        "transports the weights; relaxes one layer, not the network; gamma to 0 is back- "
        "propagation"
    )

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """The tensor of the rule that sends, times r."""
        return super().feedback(layer) * (1.0 - (1.0 - self.step) ** self.steps)

    def change(self, moment: Moment) -> Tensor:
        """Minus C(v, g)."""
        if moment.is_first:
            return -moment.layer.correlate(moment.x, moment.g)
        with torch.enable_grad():
            x = moment.x.detach().requires_grad_()
            outputs = moment.layer.run_through(
                x, feedback=self.feedback(moment.layer), learns=False
            )
            (sent,) = torch.autograd.grad(outputs, x, moment.g)
        relaxed = moment.x - self.gamma * len(sent) * sent
        return -moment.layer.correlate(relaxed, moment.g)
