"""Gaussian process regression with maximum a posteriori scales (Rasmussen and Williams 2006)."""

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
MAX_DEVIATIONS = 4.0  # maximum distance of a scale from its prior; keeps exponentials finite


def negative_log_posterior(
    kernel: Covariance, scales: Array, rows: Rows, values: Array, *, known: Array | float = 0.0
) -> tuple[float, Array]:
    """Return the negative log posterior of the scales, up to a constant, and its gradient.

    Equations 2.30 and 5.9, with the prior added. ``known`` is the part of the variance of each
    value that is known, in addition to the noise.
    """
    away = (scales - kernel.prior_mean) / kernel.prior_deviation
    smooth = list(kernel.smooth(scales, rows, rows))
    covariance = sum(smooth, start=kernel.linear(scales, rows, rows))
    factor = _noisy_factor(kernel, scales, covariance, known)
    inverse = cho_solve((factor, True), np.eye(len(values)), check_finite=False)
    alpha = inverse @ values
    value = 0.5 * values @ alpha + np.log(np.diag(factor)).sum() + 0.5 * away @ away
    outer = 0.5 * (inverse - np.outer(alpha, alpha))
    return float(value), kernel.gradient(
        scales, rows, outer, smooth
    ) + away / kernel.prior_deviation


def fit(
    kernel: Covariance, start: Array, rows: Rows, values: Array, *, known: Array | float = 0.0
) -> tuple[Array, float]:
    """Return the most probable scales near ``start``, and their negative log posterior."""
    reach = MAX_DEVIATIONS * kernel.prior_deviation
    found = minimize(
        lambda scales: negative_log_posterior(kernel, scales, rows, values, known=known),
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
    """The posterior process after observing values.

    Attributes:
        kernel: covariance function.
        scales: scales of the covariance.
        rows: observed rows, (n, columns).
        factor: lower Cholesky factor of the covariance of the observed values.
        whitened: observed values, multiplied by the inverse of ``factor``.
    """

    kernel: Covariance
    scales: Array
    rows: Rows
    factor: Array
    whitened: Array

    @classmethod
    def given(
        cls,
        kernel: Covariance,
        scales: Array,
        rows: Rows,
        values: Array,
        *,
        known: Array | float = 0.0,
    ) -> "Posterior":
        """Condition on values (n,) with mean about 0, observed at rows (n, columns).

        The kernel's noise counts as part of the predicted quantity: what no other row explains.
        The variance of an observed value about that quantity is ``known``, (n,).
        """
        factor = _noisy_factor(kernel, scales, kernel(scales, rows, rows), known)
        return cls(kernel, scales, rows, factor, _solve(factor, values))

    def marginal(self, rows: Rows) -> tuple[Array, Array]:
        """Return mean and standard deviation of a new result, noise included, for every row."""
        solved = _solve(self.factor, self.kernel(self.scales, self.rows, rows))
        variance = self.kernel.variance(self.scales, rows) - (solved**2).sum(axis=0)
        noise = self.kernel.noise(self.scales)
        return solved.T @ self.whitened, np.sqrt(np.maximum(variance, 0.0) + noise)

    def joint(self, rows: Rows) -> tuple[Array, Array]:
        """Return the mean of new results and the lower Cholesky factor of their covariance."""
        solved = _solve(self.factor, self.kernel(self.scales, self.rows, rows))
        covariance = self.kernel(self.scales, rows, rows) - solved.T @ solved
        covariance[np.diag_indices_from(covariance)] += self.kernel.noise(self.scales)
        return solved.T @ self.whitened, np.asarray(np.linalg.cholesky(covariance))

    def left_out(self, values: Array) -> tuple[Array, Array]:
        """Predict the value of each row from the others (equations 5.10 to 5.12 of the book).

        Args:
            values: the observed values, (n,).

        Returns:
            Mean and variance of each value, including the known part of its noise; both (n,).
        """
        inverse = cho_solve((self.factor, True), np.eye(len(values)), check_finite=False)
        precision = inverse.diagonal()
        return values - inverse @ values / precision, 1.0 / precision


def _noisy_factor(
    kernel: Covariance, scales: Array, covariance: Array, known: Array | float
) -> Array:
    """Return the lower Cholesky factor of the covariance plus noise; changes its diagonal."""
    covariance[np.diag_indices_from(covariance)] += kernel.noise(scales) + known
    return np.asarray(np.linalg.cholesky(covariance))


def _solve(factor: Array, right: Array) -> Array:
    return np.asarray(solve_triangular(factor, right, lower=True, check_finite=False))
