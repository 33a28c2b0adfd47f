"""Statistics for comparing few runs: intervals, a rank test, its correction, an effect size."""

from collections.abc import Sequence
from math import comb

import numpy as np

NUM_RESAMPLES = 10_000
MAX_EXACT = 8
"""Largest smaller sample whose ranks are tested exactly, as in scipy."""


def bootstrap_interval(
    values: Sequence[float], *, seed: int = 0, coverage: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of the mean (Efron and Tibshirani 1993).

    Args:
        values: value of each run, at least one.
        seed: seed of the resamples, so that the same runs give the same interval.
        coverage: nominal probability that the interval contains the mean; with five runs the
            actual probability is lower.
    """
    sample = np.asarray(values, dtype=float)
    generator = np.random.default_rng(seed)
    rows = generator.integers(len(sample), size=(NUM_RESAMPLES, len(sample)))
    means = sample[rows].mean(axis=1)
    tail = 100 * (1 - coverage) / 2
    if np.isfinite(means).all():
        low, high = np.percentile(means, [tail, 100 - tail])
        return float(low), float(high)
    # a run without a front has an infinite distance, which cannot be interpolated
    ordered, last = np.sort(means), len(means) - 1
    low, high = (ordered[round(last * each / 100)] for each in (tail, 100 - tail))
    return float(low), float(high)


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the two-sided p value of Mann and Whitney's U test (1947).

    The null hypothesis is that both samples come from one distribution. Exact if the smaller
    sample has at most :data:`MAX_EXACT` values, also with ties; else by the normal approximation.
    """
    from scipy.stats import mannwhitneyu  # takes 0.3 s, and most users of this module test nothing

    has_ties = len({*first, *second}) < len(first) + len(second)
    if has_ties and min(len(first), len(second)) <= MAX_EXACT:
        return _tied_p(first, second)  # scipy's approximation may be below the smallest possible p
    return float(mannwhitneyu(first, second, alternative="two-sided", method="auto").pvalue)


def least_p(first: int, second: int) -> float:
    """Return the smallest possible p of :func:`mann_whitney` for samples of these sizes."""
    return min(1.0, 2.0 / comb(first + second, first))


def _tied_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Return twice the share of all partitions whose rank sum is as small, or as large."""
    from scipy.stats import rankdata

    doubled = np.rint(2.0 * rankdata([*first, *second])).astype(int)  # mean ranks, as integers
    size = min(len(first), len(second))
    mine = doubled[: len(first)] if len(first) == size else doubled[len(first) :]
    ways = np.zeros((size + 1, doubled.sum() + 1))  # by number of values, and sum of their ranks
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank]
    rank_sum = int(mine.sum())
    as_far = min(ways[size, : rank_sum + 1].sum(), ways[size, rank_sum:].sum())
    return min(1.0, 2.0 * float(as_far) / comb(len(doubled), size))


def superiority(first: Sequence[float], second: Sequence[float]) -> float:
    """Return A12 of Vargha and Delaney (2000): how often ``first`` is larger, ties counting half.

    0.5 if neither is larger. By their convention an effect is small from 0.56, medium from 0.64
    and large from 0.71, and likewise below 0.5.
    """
    one, other = np.asarray(first, dtype=float)[:, None], np.asarray(second, dtype=float)
    return float(((one > other) + 0.5 * (one == other)).mean())


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted to control the family-wise error rate (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted
