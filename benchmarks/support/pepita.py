"""PEPITA (Dellaferrera and Kreiman 2022, arXiv 2201.11665): learning by two forward passes.

The second pass sees the image plus a fixed random projection of the error of the first. A hidden
layer learns from the difference of its activities in the two passes. It trains a whole network and
not a layer, so it is no rule of ``evonas.rules``.
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEEDBACK_SHARE = 0.05  # of He's uniform initialisation; as in the authors' published code


class TwoLayers(nn.Module):
    """Images in [0, 1], one hidden layer of ReLUs, logits; no offsets, as in the authors' code.

    Args:
        num_inputs: pixels of an image.
        num_hidden: units.
        num_classes: width of the logits.
        generator: draws the weights, uniform as by He et al. (2015).
    """

    def __init__(
        self, num_inputs: int, num_hidden: int, num_classes: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.hidden = nn.Linear(num_inputs, num_hidden, bias=False)
        self.readout = nn.Linear(num_hidden, num_classes, bias=False)
        for layer in (self.hidden, self.readout):
            bound = (6.0 / layer.in_features) ** 0.5
            with torch.no_grad():
                layer.weight.uniform_(-bound, bound, generator=generator)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] to logits (N, classes)."""
        logits: Tensor = self.readout(self.activities(images.flatten(1)))
        return logits

    def activities(self, inputs: Tensor) -> Tensor:
        """Of the hidden units, (N, hidden), for inputs (N, pixels)."""
        return F.relu(self.hidden(inputs))


@final
class Pepita:
    """Trains a :class:`TwoLayers` by PEPITA with momentum.

    Args:
        network: to train in place.
        generator: draws the feedback and the dropout.
        momentum: of the changes.
        keep: share of the hidden units that dropout keeps, the same in both passes.

    Attributes:
        feedback: (pixels, classes), the matrix F of the paper.
    """

    def __init__(
        self,
        network: TwoLayers,
        *,
        generator: torch.Generator,
        momentum: float = 0.9,
        keep: float = 0.9,
    ) -> None:
        self.network = network
        num_inputs, num_classes = network.hidden.in_features, network.readout.out_features
        bound = FEEDBACK_SHARE * (6.0 / num_inputs) ** 0.5
        uniform = torch.rand(num_inputs, num_classes, generator=generator)
        self.feedback = ((2.0 * uniform - 1.0) * bound).to(network.hidden.weight.dtype)
        self._generator = generator
        self._momentum = momentum
        self._keep = keep
        weights = (network.hidden.weight, network.readout.weight)
        self._velocities = [torch.zeros_like(weight) for weight in weights]

    @torch.no_grad()
    def step(self, images: Tensor, labels: Tensor, *, learning_rate: float) -> None:
        """Learn from one mini-batch."""
        changes = self.changes(images, labels)
        weights = (self.network.hidden.weight, self.network.readout.weight)
        for weight, velocity, change in zip(weights, self._velocities, changes, strict=True):
            velocity.mul_(self._momentum).add_(change, alpha=learning_rate)
            weight.add_(velocity)

    @torch.no_grad()
    def changes(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What is added to the weights of the two layers at a learning rate of one.

            x' = x + F e,   dW_1 = (h' - h) x'^T / N,   dW_2 = -e' h'^T / N

        Args:
            images: (N, C, H, W), in [0, 1].
            labels: int64, (N,).
        """
        inputs, network = images.flatten(1), self.network
        targets = F.one_hot(labels, network.readout.out_features).to(inputs)
        shape = (len(inputs), network.hidden.out_features)
        mask = (torch.rand(shape, generator=self._generator) < self._keep) / self._keep

        def run(values: Tensor) -> tuple[Tensor, Tensor]:
            active = network.activities(values) * mask.to(values)
            return active, network.readout(active).softmax(1) - targets

        clean, error = run(inputs)
        modulated = inputs + error @ self.feedback.t()
        active, modulated_error = run(modulated)
        count = len(inputs)
        return (active - clean).t() @ modulated / count, -modulated_error.t() @ active / count
