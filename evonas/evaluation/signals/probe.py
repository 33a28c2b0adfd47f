"""What a signal of an untrained network is computed from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from torch import Tensor

from evonas.networks import Network


@final
@dataclass(frozen=True)
class Probe:
    """A network at its initial weights, in training mode, and a batch of images.

    Every signal gets a network of its own to work on: some change its weights or statistics.

    Attributes:
        network: of back-propagation everywhere.
        images: in [0, 1], (N, C, H, W).
        labels: of the images, (N,).
        seed: of what a signal draws.
    """

    network: Network
    images: Tensor
    labels: Tensor
    seed: int


Signal = Callable[[Probe], float]
"""One number of a probe; NaN or infinite where there is none."""
