"""Detect catastrophic overfitting: a network learns to fool one step, not to resist attacks.

In training with a single step, robust accuracy can collapse within an epoch while accuracy under
that step stays high (Wong, Rice and Kolter 2020, section 5.1; Andriushchenko and Flammarion 2020).
Therefore both are measured on some training images after every epoch, as Wong et al. propose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from evonas.errors import CatastrophicOverfitting
from evonas.evaluation.adversarial_training.adversary import Adversary, pgd_adversary
from evonas.evaluation.adversarial_training.perturbation import Perturbation
from evonas.evaluation.share_error import share_error
from evonas.seeds import derive_seed

CHECKED_IMAGES = 128  # the standard error of an accuracy is at most 4.4 points
CHECK_STEPS = 5
KEPT_SHARE = 0.5  # share of the best PGD accuracy below which a network has collapsed
ERRORS = 3.0  # standard errors by which the gap between both accuracies must have grown


@dataclass(frozen=True)
class AttackedAccuracy:
    """Accuracy under attack on some training images after an epoch.

    Attributes:
        step: share that stays correct under the step that the network is trained on.
        pgd: share that stays correct under a short PGD of the same radius.
    """

    step: float
    pgd: float


def is_overfitted(history: Sequence[AttackedAccuracy], *, num_images: int) -> bool:
    """Whether the last epoch shows catastrophic overfitting.

    It does if accuracy under PGD is below half of its best value so far, and the gap to accuracy
    under the step has grown since then by more than three standard errors. A network that forgets
    everything loses both and is not overfitted; nor is one at chance, which loses nothing.

    Args:
        history: accuracies after every epoch so far.
        num_images: number of images that each share was measured on.
    """
    if not history:
        return False
    best, last = max(history, key=lambda each: each.pgd), history[-1]
    error = share_error(best.pgd, num_images)
    growth = (last.step - last.pgd) - (best.step - best.pgd)
    return last.pgd < KEPT_SHARE * best.pgd and growth > ERRORS * error


@final
class OverfittingMonitor:
    """Measures accuracy under the step and under PGD after every epoch.

    Args:
        pixels: (N, C, H, W), in [0, 1]; training images without augmentation.
        labels: int64, (N,), on their device.
        adversary: adversary that the network is trained on.
        seed: seed of the training; the random starts are the same after every epoch.

    Attributes:
        history: accuracies after every epoch so far.
    """

    def __init__(self, pixels: Tensor, labels: Tensor, *, adversary: Adversary, seed: int) -> None:
        self._pixels = pixels
        self._labels = labels
        count, channels, height, width = pixels.shape
        self._step, self._pgd = (
            Perturbation(
                each,
                shape=(count, channels, height, width),
                seed=derive_seed(seed, "overfitting"),
                device=labels.device,
            )
            for each in (adversary, pgd_adversary(CHECK_STEPS, epsilon=adversary.epsilon))
        )
        self._number = torch.zeros(1, dtype=torch.int64, device=labels.device)
        self.history: list[AttackedAccuracy] = []

    def check(self, network: nn.Module) -> None:
        """Measure both accuracies after an epoch; the host waits for the device.

        The cost is six forward and backward passes of the images, and two forward passes.

        Raises:
            CatastrophicOverfitting: the network is overfitted.
        """
        num_images = len(self._labels)
        step, pgd = (self._num_right(network, way) / num_images for way in (self._step, self._pgd))
        self.history.append(AttackedAccuracy(step, pgd))
        if is_overfitted(self.history, num_images=num_images):
            best = max(each.pgd for each in self.history)
            raise CatastrophicOverfitting(
                f"in epoch {len(self.history)} accuracy under PGD is {pgd:.0%} on {num_images} "
                f"training images, down from {best:.0%}, while it is {step:.0%} under the single "
                f"step used in training; train with pgd-2 or more, or with a smaller radius"
            )

    def _num_right(self, network: nn.Module, perturbation: Perturbation) -> int:
        points = perturbation(network, self._pixels, self._labels, number=self._number)
        network.eval()
        with torch.no_grad():
            is_right = network(points).argmax(1) == self._labels
        network.train()
        return int(is_right.sum())
