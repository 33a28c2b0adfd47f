"""How alike two genomes are: a sum of four covariances with scales of their own.

A squared exponential over the choices (genomes that differ in few genes are alike) and one over
the counts (genomes of the same parts are alike); a linear one over each (effects add up).
Every column has a weight of its own (automatic relevance determination; Rasmussen and Williams
2006, section 5.1), which is the product of what its gene and what its choice matter.
"""

from typing import final

import numpy as np
from numpy.typing import NDArray

from evonas.search.features import Features, Rows

Array = NDArray[np.float64]

JITTER = 1e-6
"""The least noise: values in units of their spread are not known better."""


@final
class Kernel:
    """The covariance of rows. All scales are one vector of logarithms with a normal prior.

    In it: four amplitudes (choices, counts, linear in the choices, linear in the counts), the
    noise, the weights of the choices (of all, of each gene, of each choice), and of the counts
    (of all, of each).

    Args:
        features: what the columns mean.

    Attributes:
        prior_mean: of the logarithms of the scales.
        prior_deviation: of the same.
    """

    def __init__(self, features: Features) -> None:
        self._num_choices = features.num_choices
        num_genes = max(1, int(features.gene_of.max(initial=-1)) + 1)
        num_pools = max(1, int(features.pool_of.max(initial=-1)) + 1)
        num_counts = len(features.pool_of)
        self._designs = (
            np.hstack(
                [
                    np.ones((self._num_choices, 1)),
                    np.eye(num_genes)[features.gene_of],
                    np.eye(num_counts)[features.count_of],
                ]
            ),
            np.hstack([np.ones((num_counts, 1)), np.eye(num_counts)]),
        )
        first, second = (design.shape[1] for design in self._designs)
        self._weights_at = (slice(5, 5 + first), slice(5 + first, 5 + first + second))
        # random genomes are then about one length scale apart, however many genes there are
        typical = (1.3 / num_genes, 0.5 / num_pools)
        self._linear = (1.0 / num_genes, 1.0 / num_pools)
        self.prior_mean = np.zeros(5 + first + second)
        self.prior_deviation = np.full(5 + first + second, 0.7)
        self.prior_mean[:4], self.prior_deviation[:4] = np.log(0.5), 1.5
        self.prior_mean[4], self.prior_deviation[4] = np.log(0.03), 2.0
        for at, weight in zip(self._weights_at, typical, strict=True):
            self.prior_mean[at.start], self.prior_deviation[at.start] = np.log(weight), 1.0

    def noise(self, scales: Array) -> float:
        """The variance of a result that no other row explains."""
        return float(np.exp(scales[4])) + JITTER

    def __call__(self, scales: Array, left: Rows, right: Rows) -> Array:
        """The covariance of every left row with every right one, without noise."""
        first, *rest = self._terms(scales, left, right)
        return np.asarray(sum(rest, start=first))

    def variance(self, scales: Array, rows: Rows) -> Array:
        """The diagonal of the covariance of the rows with themselves; -> (rows,)."""
        amplitudes = np.exp(scales[:4])
        squares = [(part**2).sum(axis=1) for part in self._parts(rows)]
        linear = [a * s * q for a, s, q in zip(amplitudes[2:], self._linear, squares, strict=True)]
        return np.asarray(amplitudes[0] + amplitudes[1] + linear[0] + linear[1])

    def gradient(self, scales: Array, rows: Rows, outer: Array) -> Array:
        """By each scale, the derivative of the sum of ``outer`` times the noisy covariance.

        Args:
            scales: where.
            rows: (n, columns).
            outer: symmetric, (n, n).
        """
        terms = self._terms(scales, rows, rows)
        result = np.zeros(len(scales))
        result[:4] = [float((outer * term).sum()) for term in terms]
        result[4] = np.exp(scales[4]) * np.trace(outer)
        for part, design, at, term in zip(
            self._parts(rows), self._designs, self._weights_at, terms, strict=False
        ):
            # d exp(-w (x - x')^2) / d log w = -w (x - x')^2 exp(-w (x - x')^2), squares expanded
            pull = outer * term
            spread = 2 * (pull.sum(axis=1) @ part**2 - (part * (pull @ part)).sum(axis=0))
            result[at] = -(np.exp(design @ scales[at]) * spread) @ design
        return result

    def _parts(self, rows: Rows) -> tuple[Rows, Rows]:
        return rows[:, : self._num_choices], rows[:, self._num_choices :]

    def _terms(self, scales: Array, left: Rows, right: Rows) -> list[Array]:
        amplitudes = np.exp(scales[:4])
        pairs = list(zip(self._parts(left), self._parts(right), strict=True))
        smooth = []
        for (a, b), design, at in zip(pairs, self._designs, self._weights_at, strict=True):
            weight = np.exp(0.5 * (design @ scales[at]))
            smooth.append(np.exp(-_squared_distances(a * weight, b * weight)))
        linear = [s * (a @ b.T) for (a, b), s in zip(pairs, self._linear, strict=True)]
        return [a * term for a, term in zip(amplitudes, smooth + linear, strict=True)]


def _squared_distances(left: Rows, right: Rows) -> Array:
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :]
    return np.asarray(np.maximum(squares - 2 * left @ right.T, 0.0))
