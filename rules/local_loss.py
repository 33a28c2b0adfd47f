"""A loss for each layer: predsim of Nokland and Eidnes (2019), through fixed random heads.

The head of a layer normalises its outputs over the batch, rectifies them, and asks two things: can
the class be read off (pred), and are images of one class alike (sim). Nothing comes from above.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.base import Transport
from evonas.rules.own_update import AbstractOwnUpdateRule, Moment, Send


@final
@dataclass(frozen=True)
class LocalLoss(AbstractOwnUpdateRule):
    """The gradient of a loss at the layer's own outputs, and nothing is sent.

        L = (1 - beta) cross-entropy(R pool(h), y) + beta mean (S(h) - S(y))^2

    with h = relu(normalised outputs), S the matrix of the cosines between the images of the
    batch, each centred, of the standard deviations of its channels over the positions, and R
    fixed and random as in Mostafa, Ramesh and Cauwenberghs (2018), so that a head has nothing to
    train and to store; in the paper R is trained, and S has a trained convolution before it.
    A training loop calls ``wiring.aim(labels)`` before each forward pass. It learns at the
    learning rate of the network.

    Attributes:
        send: ``none``, as in the paper; see :class:`AbstractOwnUpdateRule`.
        beta: share of sim, in [0, 1]; 0 is pred alone.
        pool: positions a side that R sees.
    """

    send: Send = "none"
    beta: float = 0.99
    pool: int = 2

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "Local loss (predsim)"
    source: ClassVar[str] = "Nokland and Eidnes 2019, arXiv 1901.06656; Mostafa et al. 2018"
    equation: ClassVar[str] = "grad W = C(x, dL/dz),  L = (1 - beta) pred + beta sim"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "nothing (option send)"
    updates: ClassVar[str] = "C(x, dL/dz)"
    cost: ClassVar[str] = "a random projection and the similarities of the batch, for each layer"
    limits: ClassVar[str] = (
        "needs the targets; what lies below it learns from its own losses alone; a head of "
        "fixed random weights is weaker than the paper's trained one"
    )
    needs_error: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beta > 1.0 or self.pool < 1:
            raise RuleError(
                "rule 'local': expected beta in [0, 1] and pool of at least 1, got "
                f"{self.beta} and {self.pool}"
            )

    def change(self, moment: Moment) -> Tensor:
        """Minus the gradient of the local loss."""
        num_classes = moment.layer.connected.num_errors or 1
        targets = moment.bus.read_targets(num_classes).to(moment.u)
        with torch.enable_grad():
            outputs = moment.u.detach().requires_grad_()
            (signal,) = torch.autograd.grad(self.loss(moment, outputs, targets), outputs)
        return -moment.layer.correlate(moment.x, signal)

    def loss(self, moment: Moment, outputs: Tensor, targets: Tensor) -> Tensor:
        """L of outputs (batch, ...) for targets (batch, classes), a number."""
        maps = outputs.movedim(moment.layer.channel_axis, 1)  # (batch, channels, ...)
        hidden = F.batch_norm(maps, None, None, training=True).relu()
        features = self._pool(hidden).flatten(1)
        shape = torch.Size([targets.shape[1], features.shape[1]])
        layer = moment.layer
        noise = layer.connected.fixed_noise(layer.number, like=outputs, shape=shape)
        pred = F.cross_entropy(features @ noise.t() / features.shape[1] ** 0.5, targets)
        seen = hidden.flatten(2).std(2) if hidden[0, 0].numel() > 1 else hidden.flatten(1)
        sim = F.mse_loss(_similarity(seen), _similarity(targets))
        return (1.0 - self.beta) * pred + self.beta * sim

    def _pool(self, hidden: Tensor) -> Tensor:
        if hidden.dim() == 4:
            height, width = hidden.shape[2:]
            return F.adaptive_avg_pool2d(hidden, (min(self.pool, height), min(self.pool, width)))
        return hidden if hidden.dim() == 2 else hidden.flatten(2).mean(2)


def _similarity(rows: Tensor) -> Tensor:
    """Cosines between centred rows, (batch, batch)."""
    unit = F.normalize(rows - rows.mean(1, keepdim=True), dim=1, eps=1e-8)
    return unit @ unit.t()
