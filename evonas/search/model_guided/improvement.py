"""Expected hypervolume improvement of a batch of candidates.

The hypervolume is, up to a constant, the mean over directions d on the positive unit sphere of
max over the set of min_i ((reference_i - y_i) / d_i) to the power of the number of objectives
(Deng, Zhang and others 2019; Golovin and Zhang 2020). It is summed over directions here. With one
objective what is gained in the mean over draws is the expected improvement.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUM_DIRECTIONS = 32
MIN_COMPONENT = 1e-3  # of a direction; keeps quotients finite


def directions(num_objectives: int, *, generator: np.random.Generator) -> Array:
    """Unit vectors with positive components; -> (directions, objectives).

    Of one objective there is one, of two they are equally spaced angles, else random.
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
    """The dominated region so far, seen along a set of directions.

    Attributes:
        ideal: the best value of each objective, (objectives,).
        span: from the ideal to the nadir, (objectives,).
        reference: where volumes begin, in spans from the ideal.
        along: (directions, objectives).
        reached: along each direction, (directions,).
    """

    ideal: Array
    span: Array
    reference: float
    along: Array
    reached: Array

    @classmethod
    def of(cls, front: Array, *, span: Array, reference: float, along: Array) -> "Frontier":
        """Of non-dominated vectors, (n, objectives)."""
        empty = cls(front.min(axis=0), span, reference, along, np.zeros(len(along)))
        reached = empty.lengths(front).max(axis=0)
        return cls(empty.ideal, span, reference, along, reached)

    def lengths(self, vectors: Array) -> Array:
        """How far vectors dominate along each direction, to the power of the objectives' number.

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
        """The expected gain of each candidate alone; (draws, n, objectives) -> (n,)."""
        gained = np.maximum(self.lengths(drawn) - self.reached, 0.0)
        return np.asarray(gained.sum(axis=2).mean(axis=0))

    def choose(self, drawn: Array, count: int, *, beside: tuple[int, ...] = ()) -> list[int]:
        """Greedily a batch whose joint expected gain is large (Wilson and others 2018).

        Args:
            drawn: joint draws of candidates, (draws, n, objectives).
            count: how many to choose.
            beside: candidates chosen already.

        Returns:
            At most ``count`` new ones, the most valuable first.
        """
        lengths = self.lengths(drawn)
        reached = np.maximum(self.reached, lengths[:, beside, :].max(axis=1, initial=0.0))
        chosen: list[int] = []
        for _ in range(min(count, drawn.shape[1] - len(beside))):
            gains = np.maximum(lengths - reached[:, None, :], 0.0).sum(axis=(0, 2))
            gains[[*beside, *chosen]] = -1.0
            chosen.append(int(gains.argmax()))
            np.maximum(reached, lengths[:, chosen[-1], :], out=reached)
        return chosen
