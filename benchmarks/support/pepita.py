"""PEPITA (Dellaferrera and Kreiman 2022, arXiv 2201.11665): learning by two forward passes.

The second pass sees the image plus a fixed random projection of the error of the first. A hidden
layer learns from the difference of its activities in the two passes. It trains a whole network
rather than a layer, so it is not a rule of ``evonas.rules``.
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEEDBACK_SHARE = 0.05  # factor of He's uniform initialisation, as in the authors' published code


class TwoLayers(nn.Module):
    """One hidden layer of ReLUs and a readout, without biases, as in the authors' code.

    Args:
        num_inputs: number of pixel values of an image.
        num_hidden: number of hidden units.
        num_classes: number of classes.
        generator: generator of the initial weights (uniform, He et al. 2015).
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
        """Map (N, C, H, W) in [0, 1] to logits (N, classes)."""
        logits: Tensor = self.readout(self.activities(images.flatten(1)))
        return logits

    def activities(self, inputs: Tensor) -> Tensor:
        """Activities of the hidden units, (N, hidden), for inputs (N, pixels)."""
        return F.relu(self.hidden(inputs))


@final
class Pepita:
    """Trains a :class:`TwoLayers` by PEPITA with momentum.

    Args:
        network: network to train in place.
        generator: generator of the feedback and the dropout masks.
        momentum: momentum of the updates.
        keep: share of hidden units kept by dropout; both passes use the same mask.

    Attributes:
        feedback: the matrix F of the paper, (pixels, classes).
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
        """Updates of the two weight matrices at a learning rate of one.

            x' = x + F e,   dW_1 = (h' - h) x'^T / N,   dW_2 = -e' h'^T / N

        Args:
            images: (N, C, H, W), in [0, 1].
            labels: class indices, int64, (N,).
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
