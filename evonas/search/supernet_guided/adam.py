"""The Adam optimiser on a vector of numbers (Kingma and Ba 2015, arXiv 1412.6980)."""

from typing import final

import numpy as np
from numpy.typing import NDArray

TINY = 1e-8


@final
class Adam:
    """Adam with its two moments; a step returns a new row.

    Args:
        rate: learning rate.
        first: decay of the mean of the slopes.
        second: decay of the mean of the squared slopes.
        weight_decay: L2 weight decay, added to the slope.
    """

    def __init__(self, *, rate: float, first: float, second: float, weight_decay: float) -> None:
        self._rate = rate
        self._decays = first, second
        self._weight_decay = weight_decay
        self._moments: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self.num_steps = 0

    def step(self, row: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the row after one step down ``slope``."""
        slope = slope + self._weight_decay * row
        mean, square = self._moments or (np.zeros_like(row), np.zeros_like(row))
        first, second = self._decays
        mean = first * mean + (1.0 - first) * slope
        square = second * square + (1.0 - second) * slope**2
        self._moments = mean, square
        self.num_steps += 1
        unbiased = mean / (1.0 - first**self.num_steps)
        size = np.sqrt(square / (1.0 - second**self.num_steps))
        return row - self._rate * unbiased / (size + TINY)
