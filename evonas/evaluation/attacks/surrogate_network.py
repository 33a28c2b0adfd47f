"""Follow the backward pass of a network's own learning rules as an attack's gradient."""

from typing import final

from torch import Tensor, nn

from evonas.evaluation.attacks.ascent import Observation, observe
from evonas.evaluation.attacks.attack_losses import AttackLoss
from evonas.rules import wirings


@final
class SurrogateNetwork(nn.Module):
    """Gives attacks the signal that the rules would send to the images in training.

    Rules that learn from the targets get the labels of the attacked images. The loss is the mean
    over the batch, as in training: for the sum, ``pc`` would be nudged N times as hard, and
    ``drtp`` and ``sdfa``, which divide by N themselves, would send too little. The signal is
    multiplied by N afterwards, so that it is in units of the gradient of each loss.

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
        """Like :func:`evonas.evaluation.attacks.ascent.observe`, along the rules' signal."""

        def run(points: Tensor) -> Tensor:
            for wiring in wirings(self.network):
                wiring.aim(labels)
            logits: Tensor = self.network(points)
            for wiring in wirings(self.network):
                if wiring.bus.targets is not None:  # the network does not watch its logits itself
                    logits = wiring.watch(logits)
            if not logits.requires_grad:
                return logits
            averaged = logits.clone()  # a hook on the logits would run after that of the wiring
            averaged.register_hook(lambda gradient: gradient / len(points))
            return averaged

        seen = observe(run, points, labels, loss=loss, reference=reference)
        return seen._replace(gradient=seen.gradient * len(points))
