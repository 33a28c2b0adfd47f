"""The surrogate model of expensive evaluations: one Gaussian process per objective."""

from typing import final

import numpy as np
from numpy.typing import NDArray

from evonas.search.model_guided.covariance import JITTER, Covariance
from evonas.search.model_guided.gaussian_process import Posterior, fit
from evonas.search.model_guided.genome_features import Features, Rows
from evonas.search.model_guided.output_transform import TRANSFORMS, OutputTransform
from evonas.search.signals import Relevance

Array = NDArray[np.float64]

GROWTH = 1.25
"""Scales are fitted again once the number of results has grown by this factor."""

MAX_FITTED = 200
"""Maximum number of results to fit scales to, evenly spread from the best to the worst."""

MAX_ROWS = 800
"""Maximum number of results to condition on: the latest, and a spread of the others."""


@final
class Surrogate:
    """Learns results, and draws possible results of other genomes.

    Every objective is modelled on the scale that makes its results most probable: linear or
    logarithmic.

    Args:
        features: meaning of the columns of a row.
        num_objectives: length of a result.
    """

    def __init__(self, features: Features, *, num_objectives: int) -> None:
        self._kernel = Covariance(features)
        self._signal_names = features.signal_names
        self._scales = [
            [self._kernel.prior_mean for _ in TRANSFORMS] for _ in range(num_objectives)
        ]
        self._chosen = [0] * num_objectives
        self._num_fitted = 0
        self._parts: list[tuple[OutputTransform, Posterior]] = []

    def learn(self, rows: Rows, values: Array, noise: Array | None = None) -> None:
        """Learn all results so far.

        Args:
            rows: in the order of asking, (n, columns).
            values: (n, objectives).
            noise: variance of each value about the true value, (n, objectives). All draws are
                then of true values. Without it, draws are of results, and the model estimates how
                much of a result no other result explains.
        """
        known = np.zeros_like(values) if noise is None else noise
        if len(rows) >= GROWTH * self._num_fitted:
            self._num_fitted = len(rows)
            for number, column in enumerate(values.T):
                self._fit(number, rows, column, known[:, number])
        self._kept = _kept(values)
        self._parts = []
        for number, column in enumerate(values[self._kept].T):
            transform = TRANSFORMS[self._chosen[number]](column)
            posterior = Posterior.given(
                self._kernel,
                self._scales[number][self._chosen[number]],
                rows[self._kept],
                transform.forward(column),
                known=known[self._kept, number] * transform.slope(column) ** 2,
            )
            self._parts.append((transform, posterior))

    def marginal_draws(self, rows: Rows, normal: Array) -> Array:
        """Draw results of each row independently.

        Args:
            rows: (n, columns).
            normal: standard normal, (draws, objectives).

        Returns:
            (draws, n, objectives).
        """
        drawn = []
        for (transform, posterior), z in zip(self._parts, normal.T, strict=True):
            mean, deviation = posterior.marginal(rows)
            drawn.append(transform.back(mean + z[:, None] * deviation))
        return np.stack(drawn, axis=-1)

    def joint_draws(self, rows: Rows, normal: Array) -> Array:
        """Draw results of all rows jointly; ``normal`` and result have (draws, n, objectives)."""
        drawn = []
        for number, (transform, posterior) in enumerate(self._parts):
            mean, factor = posterior.joint(rows)
            drawn.append(transform.back(mean + normal[:, :, number] @ factor.T))
        return np.stack(drawn, axis=-1)

    def medians(self, rows: Rows) -> Array:
        """Return the predicted median of each row, (n, objectives)."""
        found = [transform.back(part.marginal(rows)[0]) for transform, part in self._parts]
        return np.stack(found, axis=-1)

    def relevance(self) -> list[Relevance]:
        """Return how much every signal matters for every objective, in the last fit."""
        found = []
        for number, (_, posterior) in enumerate(self._parts):
            effects = self._kernel.signal_effects(posterior.scales)
            for name, *three in zip(self._signal_names, *effects, strict=True):
                found.append(Relevance(number, name, *map(float, three)))
        return found

    def left_out(self, rows: Rows, values: Array, noise: Array) -> tuple[Array, Array]:
        """Predict each learned genome from all others, with the current model.

        Args:
            rows: rows passed to :meth:`learn`.
            values: values passed to :meth:`learn`.
            noise: noise passed to :meth:`learn`.

        Returns:
            Mean and variance of each true value, in the units of the values; both
            (n, objectives).
        """
        means, variances = np.empty_like(values), np.empty_like(values)
        for number, (transform, posterior) in enumerate(self._parts):
            column = values[:, number]
            mean, deviation = posterior.marginal(rows)
            variance = deviation**2
            seen = column[self._kept]
            known = noise[self._kept, number] * transform.slope(seen) ** 2
            mean[self._kept], total = posterior.left_out(transform.forward(seen))
            variance[self._kept] = np.maximum(total - known, JITTER)
            means[:, number] = transform.back_mean(mean, variance)
            variances[:, number] = transform.back_variance(mean, variance)
        return means, variances

    def _fit(self, number: int, rows: Rows, column: Array, noise: Array) -> None:
        order = np.argsort(column, kind="stable")
        some = order[_spread(len(order), MAX_FITTED)]
        losses = []
        for which, make in enumerate(TRANSFORMS):
            transform = make(column)
            start = self._scales[number][which]
            known = noise[some] * transform.slope(column[some]) ** 2
            values = transform.forward(column[some])
            scales, loss = fit(self._kernel, start, rows[some], values, known=known)
            self._scales[number][which] = scales
            losses.append(loss - transform.log_stretch(column[some]))
        self._chosen[number] = int(np.argmin(losses))


def _kept(values: Array) -> NDArray[np.int_]:
    num_old = len(values) - MAX_ROWS // 2
    if len(values) <= MAX_ROWS:
        return np.arange(len(values))
    best_first = np.argsort(values[:num_old].argsort(axis=0).argsort(axis=0).min(axis=1))
    kept = best_first[_spread(num_old, MAX_ROWS // 2)]
    return np.concatenate([np.sort(kept), np.arange(num_old, len(values))])


def _spread(count: int, limit: int) -> NDArray[np.int_]:
    """Return at most ``limit`` indices out of ``count``, evenly spaced, including both ends."""
    return np.linspace(0, count - 1, min(count, limit)).astype(int)
