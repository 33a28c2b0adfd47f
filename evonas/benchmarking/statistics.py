"""Statistics for comparing few runs: intervals, a rank test, its correction, an effect size."""

from collections.abc import Sequence

import numpy as np

NUM_RESAMPLES = 10_000


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

    The null hypothesis is that both samples come from one distribution. Exact for small samples
    without ties, by the normal approximation otherwise.
    """
    from scipy.stats import mannwhitneyu  # takes 0.3 s, and most users of this module test nothing

    return float(mannwhitneyu(first, second, alternative="two-sided", method="auto").pvalue)


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
