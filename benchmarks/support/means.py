"""Means over seeds, written with their standard errors."""

import statistics
from collections.abc import Sequence


def mean_with_error(values: Sequence[float], *, digits: int, sign: str = "") -> str:
    """Mean ± standard error; the mean alone for one value, and a dash for none.

    Args:
        values: one for each seed.
        digits: number of decimal places.
        sign: ``+`` to write the sign of a positive mean.
    """
    if not values:
        return "-"
    mean = f"{statistics.mean(values):{sign}.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ± {statistics.stdev(values) / len(values) ** 0.5:.{digits}f}"
