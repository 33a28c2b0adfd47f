"""How a candidate is trained; the recipe is NAS-Bench-201's (Dong and Yang 2020)."""

import math
from dataclasses import dataclass

from evonas.evaluation.adversarial_training.adversary import Adversary


@dataclass(frozen=True)
class Recipe:
    """SGD with Nesterov momentum, cosine to zero by epochs, after a linear rise if there is one.

    Attributes:
        epochs: passes over the training part.
        batch: images in a mini-batch; the last, smaller one of an epoch is dropped.
        learning_rate: in the first epoch; rules with an update of their own have their own.
        momentum: momentum of SGD, for all others.
        weight_decay: the same, coupled to the gradient.
        adversary: makes the adversarial examples to train on; None to train on the images.
        warmup_epochs: in which the rate rises, linearly and once an epoch, to the full one.
    """

    epochs: int
    batch: int
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    adversary: Adversary | None = None
    warmup_epochs: int = 0

    def learning_rate_at(self, epoch: int) -> float:
        """In one epoch: up to the full rate, then by a cosine towards zero."""
        return self.learning_rate * self.share_at(epoch)

    def share_at(self, epoch: int) -> float:
        """What is left in an epoch of every learning rate, in (0, 1]."""
        if epoch < self.warmup_epochs:
            return (epoch + 1) / (self.warmup_epochs + 1)
        falling = (epoch - self.warmup_epochs) / (self.epochs - self.warmup_epochs)
        return 0.5 * (1.0 + math.cos(math.pi * falling))
