"""Pairs of trainings: the interval of a mean, the t test, and the test by flipped signs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

COVERAGE = 0.95
MAX_FLIPPED = 16
"""Pairs up to which all 2^n signs are tried; with more the t test presumes little."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its uncertainty.

    Attributes:
        mean: mean of the values.
        error: its standard error; None for a single value, and for equal ones.
        low: of its 95 % interval by the t distribution; None where the error is.
        high: the same.
        p: two-sided p value for a true mean of 0; None without spread, 1 if all values are 0.
    """

    mean: float
    error: float | None
    low: float | None
    high: float | None
    p: float | None


def estimate(values: Sequence[float]) -> Estimate:
    """Mean, 95 % interval and one-sample t test (Student 1908) of independent values.

    Given the differences of pairs it is the paired t test, which presumes that these are roughly
    normal.

    Args:
        values: at least one.
    """
    count, mean = len(values), math.fsum(values) / len(values)
    if count < 2:
        return Estimate(mean, None, None, None, None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    return by_student(mean, math.sqrt(variance / count), freedom=count - 1)


def by_student(mean: float, error: float, *, freedom: float) -> Estimate:
    """Inference for a mean with its standard error, by a t distribution.

    Args:
        mean: mean of the sample.
        error: its standard error.
        freedom: degrees of freedom of the error.
    """
    # equal values (as for shares of few images) have no spread, and do not reveal the noise
    if error <= 1e-12 * max(1.0, abs(mean)):
        return Estimate(mean, None, None, None, None if mean else 1.0)
    reach = float(stdtrit(freedom, 0.5 + COVERAGE / 2)) * error
    p = float(2 * stdtr(freedom, -abs(mean) / error))
    return Estimate(mean, error, mean - reach, mean + reach, p)


def flipped_signs(differences: Sequence[float]) -> float | None:
    """The two-sided p-value of Fisher's exact test for pairs (1935).

    If the two of a pair are exchangeable, each difference has either sign equally often: p is the
    share of all 2^n signs by which the sum is at least as far from 0. It presumes nothing else.
    With n pairs p is at least 2^(1-n): 0.0625 for five.

    Args:
        differences: differences of pairs; None is given back for more than :data:`MAX_FLIPPED`, or
            for none.
    """
    count = len(differences)
    if not 0 < count <= MAX_FLIPPED:
        return None
    values = np.asarray(differences, dtype=float)
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    sums = np.abs((1 - 2 * bits) @ values)
    slack = 1e-9 * np.abs(values).sum()  # sums that are equal but for rounding count as equal
    return float((sums >= abs(values.sum()) - slack).mean())
