"""Pairs of trainings against scipy, and against all signs written out."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from evonas.report.controls.paired import MAX_FLIPPED, estimate, flipped_signs

SAMPLES = [
    [0.1, -0.2, 0.35, 0.05, 0.2],
    [0.02, 0.01, 0.04],
    [0.5, 0.4],
    [-0.01, -0.02, -0.5, -0.03, 0.2, -0.1, -0.2, -0.3],
]


@pytest.mark.parametrize("differences", SAMPLES)
def test_paired_estimate_matches_scipy(differences: list[float]) -> None:
    found = estimate(differences)
    first = np.linspace(0.2, 0.8, len(differences))
    expected = stats.ttest_rel(first, first - differences)
    low, high = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(np.mean(differences))
    assert found.error == pytest.approx(stats.sem(differences))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("differences", SAMPLES)
def test_sign_flip_test_matches_enumeration_and_scipy(
    differences: list[float],
) -> None:
    observed = abs(sum(differences))
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    literal = sum(value >= observed - 1e-12 for value in sums) / len(sums)
    permuted = stats.permutation_test(
        (np.array(differences), np.zeros(len(differences))),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert flipped_signs(differences) == pytest.approx(literal)
    assert flipped_signs(differences) == pytest.approx(permuted.pvalue)


def test_smallest_sign_flip_p_of_five_pairs_is_one_sixteenth() -> None:
    assert flipped_signs([0.3, 0.2, 0.5, 0.1, 0.4]) == 2 / 2**5


def test_sign_flip_test_needs_pairs_up_to_a_limit() -> None:
    assert flipped_signs([0.1] * (MAX_FLIPPED + 1)) is None
    assert flipped_signs([]) is None


def test_equal_differences_give_no_error() -> None:
    for values in ([0.25], [0.25, 0.25, 0.25]):
        found = estimate(values)
        assert (found.mean, found.error, found.low, found.high, found.p) == (0.25, *[None] * 4)
    assert estimate([0.0, 0.0]).p == 1.0
