"""Transforms of an objective for a Gaussian process: the identity or the logarithm."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SOFTENING = 0.3

SMALLEST_GAP = 1e-9
"""Good values that differ by less, as a share of the range, are apart by rounding alone: stretched
by a logarithm, the mean of a prediction would overflow."""


@final
@dataclass(frozen=True)
class OutputTransform:
    """Maps values to mean 0 and spread 1, and back.

    Attributes:
        origin: value subtracted before the logarithm; ``None`` for no logarithm.
        mean: mean after the logarithm.
        spread: standard deviation after the logarithm.
    """

    origin: float | None
    mean: float
    spread: float

    @classmethod
    def plain(cls, values: Array) -> "OutputTransform":
        """Only shift and scale."""
        return cls(None, float(values.mean()), float(values.std()) or 1.0)

    @classmethod
    def logarithmic(cls, values: Array) -> "OutputTransform":
        """Stretch differences between good values, and shrink those between bad ones."""
        low = float(values.min())
        gap = float(np.median(values)) - low
        origin = low - SOFTENING * gap
        if origin >= low or gap < SMALLEST_GAP * float(np.ptp(values)):
            return cls.plain(values)
        logs = np.log(values - origin)
        return cls(origin, float(logs.mean()), float(logs.std()) or 1.0)

    def forward(self, values: Array) -> Array:
        """Transform values to the scale of the model."""
        inner = values if self.origin is None else np.log(values - self.origin)
        return np.asarray((inner - self.mean) / self.spread)

    def back(self, scaled: Array) -> Array:
        """Invert :meth:`forward`."""
        inner = scaled * self.spread + self.mean
        return np.asarray(inner if self.origin is None else np.exp(inner) + self.origin)

    def back_mean(self, means: Array, variances: Array) -> Array:
        """Return the mean of :meth:`back` of normal numbers with these means and variances."""
        if self.origin is None:
            return self.back(means)
        return self.back(means + 0.5 * self.spread * variances)  # mean of a lognormal number

    def back_variance(self, means: Array, variances: Array) -> Array:
        """Return the variance of :meth:`back` of normal numbers with these means and variances."""
        inner = self.spread**2 * variances
        if self.origin is None:
            return inner
        away = self.back_mean(means, variances) - self.origin
        return np.asarray(np.expm1(inner) * away**2)

    def slope(self, values: Array) -> Array:
        """Return the derivative of :meth:`forward`."""
        if self.origin is None:
            return np.full(len(values), 1.0 / self.spread)
        return np.asarray(1.0 / ((values - self.origin) * self.spread))

    def log_stretch(self, values: Array) -> float:
        """Return the logarithm of the derivative of :meth:`forward`, summed over the values."""
        stretch = -len(values) * float(np.log(self.spread))
        return (
            stretch if self.origin is None else stretch - float(np.log(values - self.origin).sum())
        )


TRANSFORMS = (OutputTransform.plain, OutputTransform.logarithmic)
"""The transforms that a model chooses from."""
