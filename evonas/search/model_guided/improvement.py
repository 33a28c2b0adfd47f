"""Expected hypervolume improvement of a batch of candidates.

The hypervolume is, up to a constant, the mean over directions d on the positive unit sphere of
max over the set of min_i ((reference_i - y_i) / d_i) to the power of the number of objectives
(Deng, Zhang and others 2019; Golovin and Zhang 2020). Here it is summed over directions. With one
objective, the mean gain over draws is the expected improvement.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUM_DIRECTIONS = 32
MIN_COMPONENT = 1e-3  # minimum component of a direction; keeps quotients finite


def directions(num_objectives: int, *, generator: np.random.Generator) -> Array:
    """Return unit vectors with positive components, (directions, objectives).

    One vector for one objective, equally spaced angles for two, random directions for more.
    """
    if num_objectives == 1:
        return np.ones((1, 1))
    if num_objectives == 2:
        angles = (np.arange(NUM_DIRECTIONS) + 0.5) / NUM_DIRECTIONS * np.pi / 2
        found = np.column_stack([np.cos(angles), np.sin(angles)])
    else:
        found = np.abs(generator.standard_normal((NUM_DIRECTIONS, num_objectives)))
        found /= np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(np.maximum(found, MIN_COMPONENT))


@final
@dataclass(frozen=True)
class Frontier:
    """The dominated region so far, measured along a set of directions.

    Attributes:
        ideal: best value of each objective, (objectives,).
        span: distance from the ideal to the nadir, (objectives,).
        reference: reference point, in spans from the ideal.
        along: directions, (directions, objectives).
        reached: how far the front dominates along each direction, (directions,).
    """

    ideal: Array
    span: Array
    reference: float
    along: Array
    reached: Array

    @classmethod
    def of(cls, front: Array, *, span: Array, reference: float, along: Array) -> "Frontier":
        """Create the frontier of non-dominated vectors, (n, objectives)."""
        empty = cls(front.min(axis=0), span, reference, along, np.zeros(len(along)))
        reached = empty.lengths(front).max(axis=0)
        return cls(empty.ideal, span, reference, along, reached)

    def lengths(self, vectors: Array) -> Array:
        """Return how far vectors dominate along each direction, to the power of num_objectives.

        Args:
            vectors: (..., objectives).

        Returns:
            (..., directions), zero where the reference point is not dominated.
        """
        inside = self.reference - (vectors - self.ideal) / self.span
        shortest = inside[..., 0, None] / self.along[:, 0]
        for number in range(1, self.along.shape[1]):
            np.minimum(shortest, inside[..., number, None] / self.along[:, number], out=shortest)
        return np.asarray(np.maximum(shortest, 0.0) ** self.along.shape[1])

    def gains(self, drawn: Array) -> Array:
        """Return the expected gain of each candidate alone; (draws, n, objectives) -> (n,)."""
        gained = np.maximum(self.lengths(drawn) - self.reached, 0.0)
        return np.asarray(gained.sum(axis=2).mean(axis=0))

    def choose(self, drawn: Array, count: int, *, already: tuple[int, ...] = ()) -> list[int]:
        """Choose greedily a batch with a large joint expected gain (Wilson and others 2018).

        Args:
            drawn: joint draws of candidates, (draws, n, objectives).
            count: number of candidates to choose.
            already: candidates that are already chosen.

        Returns:
            At most ``count`` new candidates, most valuable first.
        """
        lengths = self.lengths(drawn)
        reached = np.maximum(self.reached, lengths[:, already, :].max(axis=1, initial=0.0))
        chosen: list[int] = []
        for _ in range(min(count, drawn.shape[1] - len(already))):
            gains = np.maximum(lengths - reached[:, None, :], 0.0).sum(axis=(0, 2))
            gains[[*already, *chosen]] = -1.0
            chosen.append(int(gains.argmax()))
            np.maximum(reached, lengths[:, chosen[-1], :], out=reached)
        return chosen
