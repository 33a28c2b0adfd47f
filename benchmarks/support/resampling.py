"""Intervals by resampling with replacement."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def central_90(
    statistic: Callable[[NDArray[np.int64]], float], *, count: int, num_resamples: int
) -> tuple[float, float]:
    """The ends of the central 90 % of a statistic over resamples.

    Args:
        statistic: maps the places of a resample, ``count`` of them, to a number.
        count: number of items.
        num_resamples: number of resamples; they are the same in every call.
    """
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.integers(count, size=count)) for _ in range(num_resamples)]
    low, high = np.nanquantile(drawn, (0.05, 0.95))
    return float(low), float(high)
