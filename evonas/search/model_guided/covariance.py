"""Covariance of genomes: a sum of terms with scales of their own.

There is a squared exponential over the choices (genomes that differ in few genes are similar), one
over the counts (genomes made of the same parts are similar), one over the paths (genomes that
compute nearly the same are similar), and one over the signals. A linear term over each of these
lets effects add up. Every choice, count and signal has its own weight (automatic relevance
determination; Rasmussen and Williams 2006, section 5.1). The weight of a choice is the product of
a factor for its gene and one for the choice. All paths share one weight. The linear part of every
signal has its own amplitude, which is small unless the data require more.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from evonas.search.model_guided.genome_features import Features, Rows

Array = NDArray[np.float64]

JITTER = 1e-6
"""Minimum noise variance, in units where the values have variance 1."""

ALWAYS = ("choices", "counts")
"""Parts that a covariance has even if they have no columns."""

SIGNAL_WEIGHT = 0.5
SIGNAL_AMPLITUDE = 0.1
SIGNAL_EFFECT = 0.05
SIGNAL_SPREAD = 1.0
"""Prior medians for signals: the weight of all, the amplitudes of the squared exponential and of
each linear part; and the prior deviation of the logarithm of each signal's weight."""


@final
class Covariance:
    """The covariance of rows. Its scales are one vector of logarithms with a normal prior.

    The vector holds, in order: the noise; the amplitudes of the squared exponentials over choices,
    counts, paths and signals; those of the linear parts over choices, counts, paths and each
    signal; the weights of the choices (of all, of each gene, of each choice), of the counts (of
    all, of each), of the paths, and of the signals (of all, of each). Without paths or signals,
    their entries are left out.

    Args:
        features: meaning of the columns.

    Attributes:
        prior_mean: prior means of the logarithms of the scales.
        prior_deviation: their prior standard deviations.
    """

    def __init__(self, features: Features) -> None:
        self._parts = features.parts
        num_genes = max(1, int(features.gene_of.max(initial=-1)) + 1)
        num_pools = max(1, int(features.pool_of.max(initial=-1)) + 1)
        num_choices, num_counts = len(features.gene_of), len(features.pool_of)
        num_paths, num_signals = features.num_paths, len(features.signal_names)
        self._num_signals = num_signals
        of_genes, of_choices = np.eye(num_genes)[features.gene_of], np.eye(num_counts)
        designs = {
            "choices": np.hstack(
                [np.ones((num_choices, 1)), of_genes, of_choices[features.count_of]]
            ),
            "counts": np.hstack([np.ones((num_counts, 1)), of_choices]),
            "paths": np.ones((num_paths, 1)),
            "signals": np.hstack([np.ones((num_signals, 1)), np.eye(num_signals)]),
        }
        # then random genomes are about one length scale apart, however many genes there are
        typical = {
            "choices": 1.3 / num_genes,
            "counts": 0.5 / num_pools,
            "paths": 1.0,
            "signals": SIGNAL_WEIGHT / max(1, num_signals),
        }
        # the variance of a linear part is about its amplitude
        linear = {
            "choices": [1.0 / num_genes],
            "counts": [1.0 / num_pools],
            "paths": [1.0],
            "signals": [1.0] * num_signals,
        }
        names = [name for name, design in designs.items() if len(design) or name in ALWAYS]
        self._designs = [designs[name] for name in names]
        self._linear = np.concatenate([linear[name] for name in names])
        end = self._parts[-1].stop
        each = [slice(at, at + 1) for at in range(end - num_signals, end)]
        self._linear_parts = [*(self._parts[:-1] if num_signals else self._parts), *each]
        self._linear_at = slice(1 + len(names), 1 + len(names) + len(self._linear))
        ends = self._linear_at.stop + np.cumsum([0, *(d.shape[1] for d in self._designs)])
        self._weights_at = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.prior_mean = np.zeros(ends[-1])
        self.prior_deviation = np.full(ends[-1], 0.7)
        self.prior_mean[0], self.prior_deviation[0] = np.log(0.03), 2.0
        amplitudes = slice(1, self._linear_at.stop)
        self.prior_mean[amplitudes], self.prior_deviation[amplitudes] = np.log(0.5), 1.5
        for name, at in zip(names, self._weights_at, strict=True):
            self.prior_mean[at.start], self.prior_deviation[at.start] = np.log(typical[name]), 1.0
        if num_signals:
            self.prior_mean[len(names)] = np.log(SIGNAL_AMPLITUDE)
            effects = slice(self._linear_at.stop - num_signals, self._linear_at.stop)
            self.prior_mean[effects], self.prior_deviation[effects] = np.log(SIGNAL_EFFECT), 2.0
            self.prior_deviation[self._weights_at[-1].start + 1 :] = SIGNAL_SPREAD

    def noise(self, scales: Array) -> float:
        """Return the variance of a result that no other row explains."""
        return float(np.exp(scales[0])) + JITTER

    def __call__(self, scales: Array, left: Rows, right: Rows) -> Array:
        """Return the covariance of every left row with every right row, without noise."""
        total = self.linear(scales, left, right)
        for term in self.smooth(scales, left, right):
            total += term
        return total

    def linear(self, scales: Array, left: Rows, right: Rows) -> Array:
        """Return the sum of the linear parts of the covariance."""
        of_columns = np.empty(left.shape[1])
        for part, amplitude in zip(self._linear_parts, self._amplitudes(scales)[1], strict=True):
            of_columns[part] = amplitude
        return np.asarray((left * of_columns) @ right.T)

    def smooth(self, scales: Array, left: Rows, right: Rows) -> Iterator[Array]:
        """Yield the squared exponential parts of the covariance, one by one."""
        amplitudes, _ = self._amplitudes(scales)
        for part, amplitude, weight in zip(
            self._parts, amplitudes, self._weights(scales), strict=True
        ):
            term = _squared_exponential(left[:, part], right[:, part], weight)
            term *= amplitude
            yield term

    def variance(self, scales: Array, rows: Rows) -> Array:
        """Return the diagonal of the covariance of the rows with themselves, (rows,)."""
        smooth, linear = self._amplitudes(scales)
        squares = [(rows[:, part] ** 2).sum(axis=1) for part in self._linear_parts]
        return np.asarray(smooth.sum() + linear @ squares)

    def signal_effects(self, scales: Array) -> tuple[Array, Array, Array]:
        """Return how much each signal matters, in units of the values; all (signals,).

        Returns:
            The root mean square difference of two rows that differ by 1 in this signal alone, its
            linear part, and the length scale of the squared exponential, exp(-d^2 / (2 l^2)).
        """
        if not self._num_signals:
            return np.empty(0), np.empty(0), np.empty(0)
        smooth, linear = self._amplitudes(scales)
        weights, linear = self._weights(scales)[-1], linear[-self._num_signals :]
        effects = np.sqrt(linear + 2.0 * smooth[-1] * -np.expm1(-weights))
        return effects, np.sqrt(linear), 1.0 / np.sqrt(2.0 * weights)

    def gradient(self, scales: Array, rows: Rows, outer: Array, smooth: Sequence[Array]) -> Array:
        """Return the derivative, by each scale, of the sum of ``outer`` times noisy covariance.

        Args:
            scales: point at which to differentiate.
            rows: (n, columns).
            outer: symmetric, (n, n).
            smooth: the parts that :meth:`smooth` yields for the rows with themselves.
        """
        _, linear = self._amplitudes(scales)
        result = np.zeros(len(scales))
        result[0] = np.exp(scales[0]) * np.trace(outer)
        weights = self._weights(scales)
        for at, (part, amplitude) in enumerate(
            zip(self._linear_parts, linear, strict=True), start=self._linear_at.start
        ):
            some = rows[:, part]
            result[at] = amplitude * (some * (outer @ some)).sum()
        for number, (part, design, places) in enumerate(
            zip(self._parts, self._designs, self._weights_at, strict=True)
        ):
            some = rows[:, part]
            pull = outer * smooth[number]
            result[1 + number] = pull.sum()
            # d exp(-w (x - x')^2) / d log w = -w (x - x')^2 exp(-w (x - x')^2), squares expanded
            spread = 2 * (pull.sum(axis=1) @ some**2 - (some * (pull @ some)).sum(axis=0))
            result[places] = -(weights[number] * spread) @ design
        return result

    def _amplitudes(self, scales: Array) -> tuple[Array, Array]:
        smooth = np.exp(scales[1 : self._linear_at.start])
        return smooth, np.exp(scales[self._linear_at]) * self._linear

    def _weights(self, scales: Array) -> list[Array]:
        return [
            np.exp(design @ scales[at])
            for design, at in zip(self._designs, self._weights_at, strict=True)
        ]


def _squared_exponential(left: Rows, right: Rows, weights: Array) -> Array:
    a = left * np.sqrt(weights)
    b = right * np.sqrt(weights)
    result = a @ b.T
    result *= 2.0
    result -= (a**2).sum(axis=1)[:, None]
    result -= (b**2).sum(axis=1)
    np.minimum(result, 0.0, out=result)
    return np.asarray(np.exp(result, out=result))
