"""Follow the backward pass of a network's own learning rules as an attack's gradient."""

from typing import final

from torch import Tensor, nn

from evonas.evaluation.attacks.ascent import Observation, observe
from evonas.evaluation.attacks.attack_losses import AttackLoss
from evonas.rules import wirings


@final
class SurrogateNetwork(nn.Module):
    """Gives attacks the signal that the rules would send to the images in training.

    Rules that learn from the targets get the labels of the attacked images.

    Args:
        network: frozen network; its rules are not bypassed.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """The network's logits, (N, classes), for images (N, C, H, W) in [0, 1]."""
        logits: Tensor = self.network(images)
        return logits

    def observe(
        self, points: Tensor, labels: Tensor, *, loss: AttackLoss, reference: Tensor | None = None
    ) -> Observation:
        """Like :func:`evonas.evaluation.attacks.ascent.observe`, with the labels as targets."""

        def run(points: Tensor) -> Tensor:
            for wiring in wirings(self.network):
                wiring.aim(labels)
            logits: Tensor = self.network(points)
            for wiring in wirings(self.network):
                if wiring.bus.targets is not None:  # the network does not watch its logits itself
                    logits = wiring.watch(logits)
            return logits

        return observe(run, points, labels, loss=loss, reference=reference)
