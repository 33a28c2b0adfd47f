"""The training recipe of candidates, that of NAS-Bench-201 (Dong and Yang 2020)."""

import math
from dataclasses import dataclass

from evonas.evaluation.adversarial_training.adversary import Adversary


@dataclass(frozen=True)
class Recipe:
    """SGD with Nesterov momentum and a cosine schedule per epoch, after an optional warm-up.

    Attributes:
        epochs: number of passes over the training part.
        batch: number of images in a mini-batch; the last, smaller one of an epoch is dropped.
        learning_rate: peak learning rate; rules with an update of their own use their own rate.
        momentum: momentum of SGD, for all other rules.
        weight_decay: weight decay of SGD, for all other rules, coupled to the gradient.
        adversary: generator of the adversarial examples to train on; None for clean images.
        warmup_epochs: number of epochs in which the learning rate rises linearly, epoch by epoch.
    """

    epochs: int
    batch: int
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    adversary: Adversary | None = None
    warmup_epochs: int = 0

    def learning_rate_at(self, epoch: int) -> float:
        """Learning rate in an epoch: linear warm-up, then a cosine towards zero."""
        return self.learning_rate * self.share_at(epoch)

    def share_at(self, epoch: int) -> float:
        """Factor on all learning rates in an epoch, in (0, 1]."""
        if epoch < self.warmup_epochs:
            return (epoch + 1) / (self.warmup_epochs + 1)
        falling = (epoch - self.warmup_epochs) / (self.epochs - self.warmup_epochs)
        return 0.5 * (1.0 + math.cos(math.pi * falling))
