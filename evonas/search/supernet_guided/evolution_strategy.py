"""CMA-ES that persists between uses: DEAP's strategy with its own random generator.

DEAP's ``cma.Strategy`` (Hansen and Ostermeier 2001) draws from NumPy's global generator; it gets
the state of ours while it samples, and the global state is restored. In many dimensions, a full
covariance has more entries than a few generations can fit, so only its diagonal is adapted (Ros
and Hansen 2008).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np
from deap import cma
from threadpoolctl import threadpool_limits

from evonas.search.supernet_guided.guide_protocol import Logits

MAX_FULL_DIMENSION = 200
SIGMA_RANGE = 4.0  # the step size stays within this factor of the initial one


class _Point(np.ndarray[Any, np.dtype[np.float64]]):
    """A sample with the fitness that DEAP sorts by; larger is better."""

    fitness: float


@final
class EvolutionStrategy:
    """Samples around a point, and adapts its distribution to their values.

    Args:
        dimension: dimension of the points.
        sigma: standard deviation of the first samples.
        num_samples: number of samples per generation, at least 4.
        seed: seed of all samples.
    """

    def __init__(self, dimension: int, *, sigma: float, num_samples: int, seed: int) -> None:
        self._first_sigma = sigma
        self._strategy = cma.Strategy(np.zeros(dimension), sigma, lambda_=num_samples)
        self._is_diagonal = dimension > MAX_FULL_DIMENSION
        if self._is_diagonal:
            # fewer numbers to learn, so each can be learned faster by this factor
            faster = (dimension + 2.0) / 3.0
            self._strategy.ccov1 = min(1.0, self._strategy.ccov1 * faster)
            self._strategy.ccovmu = min(1.0 - self._strategy.ccov1, self._strategy.ccovmu * faster)
        self._state = np.random.RandomState(seed % 2**32).get_state()

    @property
    def sigma(self) -> float:
        """Current step size."""
        return float(self._strategy.sigma)

    @property
    def deviations(self) -> Logits:
        """Standard deviation of the current distribution per coordinate, in units of sigma."""
        return np.sqrt(np.diag(self._strategy.C))

    @property
    def centre(self) -> Logits:
        """Mean of the current distribution."""
        return np.array(self._strategy.centroid)

    def move_to(self, point: Logits) -> None:
        """Continue from another point: keep the learned covariance, reset the evolution paths."""
        strategy = self._strategy
        strategy.centroid = np.array(point, dtype=float)
        strategy.pc = np.zeros(strategy.dim)
        strategy.ps = np.zeros(strategy.dim)
        strategy.update_count = 0

    def samples(self) -> list[Logits]:
        """Draw one generation of samples."""
        with self._own_generator(), threadpool_limits(1):
            return [np.asarray(point) for point in self._strategy.generate(np.array)]

    def learn(self, points: Sequence[Logits], values: Sequence[float]) -> None:
        """Update the distribution with the values of samples; smaller is better."""
        told = []
        for point, value in zip(points, values, strict=True):
            told.append(np.asarray(point, dtype=float).view(_Point))
            told[-1].fitness = -value
        strategy = self._strategy
        with threadpool_limits(1):  # on more threads, the eigenvectors would differ
            strategy.update(told)
        low, high = self._first_sigma / SIGMA_RANGE, self._first_sigma * SIGMA_RANGE
        strategy.sigma = float(np.clip(strategy.sigma, low, high))
        if self._is_diagonal:
            variances = np.diag(strategy.C)
            strategy.C = np.diag(variances)
            strategy.diagD = np.sqrt(variances)
            strategy.B = np.eye(strategy.dim)
            strategy.BD = strategy.B * strategy.diagD

    @contextmanager
    def _own_generator(self) -> Iterator[None]:
        foreign = np.random.get_state()
        np.random.set_state(self._state)
        try:
            yield
        finally:
            self._state = np.random.get_state()
            np.random.set_state(foreign)
