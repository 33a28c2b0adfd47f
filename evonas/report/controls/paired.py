"""Statistics of paired trainings: interval of a mean, t test, and sign-flip test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

COVERAGE = 0.95
MAX_FLIPPED = 16
"""Largest number of pairs n for which all 2^n signs are tried; beyond it, the t test is robust."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its error, interval and p-value.

    Attributes:
        mean: mean of the values.
        error: standard error of the mean; None for a single value, a single seed or equal values.
        low: lower end of the 95 % interval by the t distribution; None if ``error`` is None.
        high: upper end of the 95 % interval; None if ``error`` is None.
        p: two-sided p-value for a true mean of 0; None without spread, but 1 if all values are 0.
    """

    mean: float
    error: float | None
    low: float | None
    high: float | None
    p: float | None


def estimate(values: Sequence[float]) -> Estimate:
    """Mean, 95 % interval and one-sample t test (Student 1908) of independent values.

    For the differences of pairs, this is the paired t test, which assumes that they are roughly
    normal.

    Args:
        values: at least one value.
    """
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Estimate(mean, None, None, None, None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return by_student(mean, math.sqrt(variance / count), freedom=count - 1)


def by_student(mean: float, error: float, *, freedom: float) -> Estimate:
    """Estimate from a mean and its standard error, by the t distribution.

    Args:
        mean: mean of the sample.
        error: standard error of the mean.
        freedom: degrees of freedom of the error.
    """
    # equal values, which are common for shares of few images, carry no information on the noise
    if error <= 1e-12 * max(1.0, abs(mean)):
        return Estimate(mean, None, None, None, None if mean else 1.0)
    reach = float(stdtrit(freedom, 0.5 + COVERAGE / 2)) * error
    p = float(2 * stdtr(freedom, -abs(mean) / error))
    return Estimate(mean, error, mean - reach, mean + reach, p)


def flipped_signs(differences: Sequence[float]) -> float | None:
    """The two-sided p-value of Fisher's exact test for pairs (1935).

    If the two values of a pair are exchangeable, both signs of each difference are equally likely:
    p is the share of all 2^n sign combinations whose sum is at least as far from 0. There is no
    other assumption. With n pairs, p is at least 2^(1-n): 0.0625 for five.

    Args:
        differences: differences of pairs.

    Returns:
        The p-value; None without differences, or for more than :data:`MAX_FLIPPED`.
    """
    count = len(differences)
    if not 0 < count <= MAX_FLIPPED:
        return None
    values = np.asarray(differences, dtype=float)
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    sums = np.abs((1 - 2 * bits) @ values)
    slack = 1e-9 * np.abs(values).sum()  # sums that differ only by rounding count as equal
    return float((sums >= abs(values.sum()) - slack).mean())
