"""Calibration error; oracles: the definition written out, and calibrated predictions."""

import numpy as np
import pytest

from evonas.evaluation.objectives.calibration import calibration_error


def drawn(count: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    confidence = generator.uniform(0.1, 1.0, count)
    return confidence, generator.uniform(size=count) < confidence**2


def literal(confidence: np.ndarray, right: np.ndarray, num_bins: int = 15) -> float:
    """Guo et al. 2017, equation 3: bin m holds the images in ((m - 1) / M, m / M]."""
    total = 0.0
    for m in range(1, num_bins + 1):
        members = [i for i, c in enumerate(confidence) if (m - 1) / num_bins < c <= m / num_bins]
        if members:
            accuracy = sum(bool(right[i]) for i in members) / len(members)
            mean = sum(float(confidence[i]) for i in members) / len(members)
            total += len(members) / len(confidence) * abs(accuracy - mean)
    return total


@pytest.mark.parametrize("num_bins", [1, 5, 15])
def test_calibration_error_matches_the_published_formula(num_bins: int) -> None:
    confidence, right = drawn(300)
    found = calibration_error(confidence, right, seed=0, num_bins=num_bins)
    assert found.value == pytest.approx(literal(confidence, right, num_bins), abs=1e-12)


def test_confidences_on_bin_edges_are_counted() -> None:
    confidence = np.array([1.0, 1.0, 1 / 15])
    right = np.array([True, False, False])
    expected = (2 * 0.5 + 1 / 15) / 3
    assert calibration_error(confidence, right, seed=0).value == pytest.approx(expected)


def test_bins_are_open_below_and_closed_above() -> None:
    confidence, right = np.array([0.25, 0.375]), np.array([True, False])
    # two bins, (0, 1/4] and (1/4, 1/2]: in a single bin the errors would partly cancel
    expected = (0.75 + 0.375) / 2
    found = calibration_error(confidence, right, seed=0, num_bins=4)
    assert found.value == pytest.approx(expected)


def test_calibrated_predictions_have_only_sampling_error() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.1, 1.0, 40_000)
    right = generator.uniform(size=len(confidence)) < confidence
    # in each bin a mean of n differences of variance c (1 - c) at most 1/4: |N(0, 1/4n)|
    bound = 15**0.5 * (2 / np.pi) ** 0.5 * 0.5 / len(confidence) ** 0.5
    assert calibration_error(confidence, right, seed=0).value < 1.5 * bound


def test_always_confident_and_wrong_has_error_one() -> None:
    found = calibration_error(np.ones(50), np.zeros(50, dtype=bool), seed=0)
    assert found.value == 1.0
    assert found.standard_error == 0.0


def test_standard_error_matches_spread_and_follows_seed() -> None:
    found = [calibration_error(*drawn(300, seed=seed), seed=0) for seed in range(400)]
    spread = float(np.std([each.value for each in found], ddof=1))
    mean_error = np.mean([each.standard_error for each in found])
    assert mean_error == pytest.approx(spread, rel=0.12)  # 400 samples determine it within 4 %
    assert calibration_error(*drawn(300), seed=0) == found[0]
    assert calibration_error(*drawn(300), seed=1).standard_error != found[0].standard_error
