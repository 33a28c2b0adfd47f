"""Generate adversarial examples of a mini-batch without making the host wait for the device.

The gradient is taken in evaluation mode, as this is the function that will be attacked and used.
In training mode every step would also change the running statistics of batch normalisation, K + 1
times per mini-batch, and an image's example would depend on the rest of its batch (Pang et al.
2021 compare both modes). The gradient is also the true one, whatever the rules: examples that
follow a rule's own backward pass are weak (``docs/robustness.md``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.adversarial_training.adversary import Adversary
from evonas.rules import true_gradient
from evonas.rules.philox import Addresses


@final
class Perturbation:
    """Replaces images by adversarial examples for the current state of a network.

    The random start depends only on the seed, the number of the mini-batch and the position in it.
    It is the same on every device, and in resumed and uninterrupted trainings.

    Args:
        adversary: radius, number and size of the steps.
        shape: (N, C, H, W), shape of the mini-batch.
        seed: seed of the random starts.
        device: device of the images.
    """

    def __init__(
        self,
        adversary: Adversary,
        *,
        shape: tuple[int, int, int, int],
        seed: int,
        device: torch.device,
    ) -> None:
        self._adversary = adversary
        self._shape = shape
        self._seed = seed
        self._addresses = Addresses([torch.Size(shape).numel()], layers=[0], device=device)

    def __call__(
        self, network: nn.Module, images: Tensor, labels: Tensor, *, number: Tensor
    ) -> Tensor:
        """Compute adversarial examples, (N, C, H, W), within epsilon of the images, in [0, 1].

        The cost is ``num_steps`` forward passes, and as many backward passes without gradients of
        weights. The network is put in evaluation mode and then back in training mode.

        Args:
            network: maps images in [0, 1] to logits; all of it is in training mode.
            images: (N, C, H, W), in [0, 1].
            labels: int64, (N,).
            number: int64, (1,), on their device: number of the mini-batch, from 0.
        """
        epsilon, step_size = float(self._adversary.epsilon), self._adversary.step_size
        low, high = (images - epsilon).clamp_min(0.0), (images + epsilon).clamp_max(1.0)
        points = torch.empty_like(images)
        points.copy_((images + epsilon * self.start(number)).maximum(low).minimum(high))
        with _attacked(network):
            for _ in range(self._adversary.num_steps):
                steps = step_size * _gradient(network, points, labels).sign()
                # copied into the memory layout of the images: arithmetic on one-channel images
                # loses the channels-last layout, and a convolution would then round differently
                points = torch.empty_like(images).copy_(
                    (points + steps).maximum(low).minimum(high)
                )
        return points

    def start(self, number: Tensor) -> Tensor:
        """The random start of a mini-batch, uniform in [-1, 1): float32, (N, C, H, W)."""
        images, channels, height, width = self._shape
        numbers = self._addresses.uniform(number, seed=self._seed, dtype=torch.float32)
        # channels last in memory, as the images are
        return numbers.view(images, height, width, channels).permute(0, 3, 1, 2)


@contextmanager
def _attacked(network: nn.Module) -> Iterator[None]:
    network.eval()
    try:
        with true_gradient(network):
            yield
    finally:
        network.train()


def _gradient(network: nn.Module, points: Tensor, labels: Tensor) -> Tensor:
    """Gradient of the cross-entropy at each point, (N, C, H, W); zero if there is none."""
    points = points.detach().requires_grad_()
    with torch.enable_grad():
        logits = network(points).float()
        # summed, because the gradient of a mean over a large batch could vanish in bfloat16
        loss = F.cross_entropy(logits, labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, [points], allow_unused=True, materialize_grads=True)
    return gradient.nan_to_num(nan=0.0)
