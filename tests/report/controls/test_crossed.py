"""Samples crossed with seeds against a table of sums of squares, the t test, and simulation."""

import numpy as np
import pytest
from scipy import stats

from evonas.report.controls.crossed import crossed_estimate

ROWS = [[0.11, 0.05, 0.2, 0.15], [0.3, 0.28, 0.41, 0.25], [-0.05, 0.02, 0.1, 0.0]]


def literal(rows: list[list[float]]) -> tuple[float, float, float]:
    """Mean, its variance and degrees of freedom, cell by cell."""
    K, R = len(rows), len(rows[0])
    mean = sum(sum(row) for row in rows) / (K * R)
    by_row = [sum(row) / R for row in rows]
    by_seed = [sum(rows[k][r] for k in range(K)) / K for r in range(R)]
    ms_k = R * sum((m - mean) ** 2 for m in by_row) / (K - 1)
    ms_r = K * sum((m - mean) ** 2 for m in by_seed) / (R - 1)
    ms_e = sum(
        (rows[k][r] - by_row[k] - by_seed[r] + mean) ** 2 for k in range(K) for r in range(R)
    ) / ((K - 1) * (R - 1))
    whole = ms_k + ms_r - ms_e
    parts = ms_k**2 / (K - 1) + ms_r**2 / (R - 1) + ms_e**2 / ((K - 1) * (R - 1))
    return mean, whole / (K * R), whole**2 / parts


def test_error_and_interval_match_literal_analysis_of_variance() -> None:
    mean, variance, freedom = literal(ROWS)
    found = crossed_estimate(ROWS)
    assert found.mean == pytest.approx(mean)
    assert found.error == pytest.approx(variance**0.5)
    assert found.high == pytest.approx(stats.t.ppf(0.975, freedom, mean, variance**0.5))
    assert found.p == pytest.approx(2 * stats.t.sf(mean / variance**0.5, freedom))


def test_equal_samples_reduce_to_t_test_over_seeds() -> None:
    row = [0.1, 0.3, 0.2, 0.5]
    found = crossed_estimate([row, row, row])
    assert found.p == pytest.approx(stats.ttest_1samp(row, 0.0).pvalue)
    alone = crossed_estimate([row])
    assert (alone.error, alone.p) == pytest.approx((found.error, found.p))


def test_equal_seeds_reduce_to_t_test_over_samples() -> None:
    found = crossed_estimate([[v] * 4 for v in (0.1, 0.3, 0.2)])
    assert found.p == pytest.approx(stats.ttest_1samp([0.1, 0.3, 0.2], 0.0).pvalue)


def test_one_seed_gives_a_mean_without_error() -> None:
    """All values share the seed: an interval by their spread held the mean in 66 of 100 draws."""
    found = crossed_estimate([[0.1], [0.3], [0.2]])
    assert found.mean == pytest.approx(0.2)
    assert (found.error, found.low, found.high, found.p) == (None,) * 4


def test_error_of_few_samples_does_not_shrink_with_seeds() -> None:
    """25 trainings of 5 different assignments do not count as 25 assignments."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=5)
    rows = samples[:, None] + 0.01 * rng.normal(size=(5, 100))
    assert crossed_estimate(rows.tolist()).error == pytest.approx(stats.sem(samples), rel=0.05)


@pytest.mark.parametrize("spreads", [(1.0, 1.0, 1.0), (0.0, 1.0, 1.0), (2.0, 0.2, 0.5), (0, 0, 1)])
def test_intervals_cover_the_mean_at_least_at_nominal_rate(
    spreads: tuple[float, float, float],
) -> None:
    rng = np.random.default_rng(1)
    of_samples, of_seeds, rest = spreads
    held = 0
    for _ in range(600):
        rows = (
            of_samples * rng.normal(size=(5, 1))
            + of_seeds * rng.normal(size=(1, 5))
            + rest * rng.normal(size=(5, 5))
        )
        found = crossed_estimate(rows.tolist())
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.0 <= found.high
    assert held / 600 >= 0.93  # two standard errors below .95
