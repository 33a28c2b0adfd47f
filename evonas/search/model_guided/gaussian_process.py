"""Gaussian process regression, its scales the most probable ones (Rasmussen and Williams 2006)."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.optimize import minimize

from evonas.search.model_guided.covariance import Covariance
from evonas.search.model_guided.genome_features import Rows

Array = NDArray[np.float64]

MAX_ITERATIONS = 15
MAX_DEVIATIONS = 4.0  # of a scale from its prior; keeps exponentials finite


def negative_log_posterior(
    kernel: Covariance, scales: Array, rows: Rows, values: Array
) -> tuple[float, Array]:
    """Of the scales, up to a constant, and its gradient (eq. 2.30 and 5.9, and the prior)."""
    away = (scales - kernel.prior_mean) / kernel.prior_deviation
    smooth = list(kernel.smooth(scales, rows, rows))
    factor = _noisy_factor(kernel, scales, sum(smooth, start=kernel.linear(scales, rows, rows)))
    inverse = cho_solve((factor, True), np.eye(len(values)), check_finite=False)
    alpha = inverse @ values
    value = 0.5 * values @ alpha + np.log(np.diag(factor)).sum() + 0.5 * away @ away
    outer = 0.5 * (inverse - np.outer(alpha, alpha))
    return float(value), kernel.gradient(
        scales, rows, outer, smooth
    ) + away / kernel.prior_deviation


def fit(kernel: Covariance, start: Array, rows: Rows, values: Array) -> tuple[Array, float]:
    """The most probable scales that are near ``start``, and their negative log posterior."""
    reach = MAX_DEVIATIONS * kernel.prior_deviation
    found = minimize(
        lambda scales: negative_log_posterior(kernel, scales, rows, values),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.column_stack([kernel.prior_mean - reach, kernel.prior_mean + reach]),
        options={"maxiter": MAX_ITERATIONS},
    )
    return np.asarray(found.x), float(found.fun)


@final
@dataclass(frozen=True)
class Posterior:
    """What is known after results were seen.

    Attributes:
        kernel: the covariance.
        scales: its scales.
        rows: what was seen, (n, columns).
        factor: the lower Cholesky factor of the covariance of the results.
        whitened: the results, by the inverse of ``factor``.
    """

    kernel: Covariance
    scales: Array
    rows: Rows
    factor: Array
    whitened: Array

    @classmethod
    def given(cls, kernel: Covariance, scales: Array, rows: Rows, values: Array) -> "Posterior":
        """After rows (n, columns) had values (n,), which are about 0 in the mean."""
        factor = _noisy_factor(kernel, scales, kernel(scales, rows, rows))
        return cls(kernel, scales, rows, factor, _solve(factor, values))

    def marginal(self, rows: Rows) -> tuple[Array, Array]:
        """Mean and standard deviation of a new result, noise included, for every row."""
        solved = _solve(self.factor, self.kernel(self.scales, self.rows, rows))
        variance = self.kernel.variance(self.scales, rows) - (solved**2).sum(axis=0)
        noise = self.kernel.noise(self.scales)
        return solved.T @ self.whitened, np.sqrt(np.maximum(variance, 0.0) + noise)

    def joint(self, rows: Rows) -> tuple[Array, Array]:
        """Mean of new results, and the lower Cholesky factor of their covariance."""
        solved = _solve(self.factor, self.kernel(self.scales, self.rows, rows))
        covariance = self.kernel(self.scales, rows, rows) - solved.T @ solved
        covariance[np.diag_indices_from(covariance)] += self.kernel.noise(self.scales)
        return solved.T @ self.whitened, np.asarray(np.linalg.cholesky(covariance))


def _noisy_factor(kernel: Covariance, scales: Array, covariance: Array) -> Array:
    """The lower Cholesky factor of a covariance, which takes up the noise."""
    covariance[np.diag_indices_from(covariance)] += kernel.noise(scales)
    return np.asarray(np.linalg.cholesky(covariance))


def _solve(factor: Array, right: Array) -> Array:
    return np.asarray(solve_triangular(factor, right, lower=True, check_finite=False))
