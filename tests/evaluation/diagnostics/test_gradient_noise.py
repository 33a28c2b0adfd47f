"""Normalised variance; oracles: an explicit float64 formula, limits, noise of known variance."""

import math

import pytest
import torch
from torch import Tensor

from evonas.evaluation.diagnostics.gradient_noise import (
    inner_products,
    mean_cosine,
    normalised_variance,
    without_each,
)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def literal(updates: Tensor) -> float:
    """The definition, weight by weight."""
    rows = updates.double().tolist()
    batches, weights = len(rows), len(rows[0])
    variance = square = 0.0
    for i in range(weights):
        column = [row[i] for row in rows]
        mean = math.fsum(column) / batches
        variance += math.fsum((value - mean) ** 2 for value in column) / (batches - 1)
        square += mean**2
    return variance / square


def nv(updates: Tensor) -> float:
    return normalised_variance(inner_products(updates))


def test_normalised_variance_matches_its_definition() -> None:
    updates = 0.3 + drawn(7, 11)
    assert nv(updates) == pytest.approx(literal(updates), rel=1e-10)


def test_identical_batches_have_zero_variance() -> None:
    assert nv(drawn(1, 40).expand(20, 40)) == pytest.approx(0.0, abs=1e-12)


def test_normalised_variance_ignores_the_scale_of_updates() -> None:
    updates = 1.0 + drawn(20, 30)
    assert nv(1e-6 * updates) == pytest.approx(nv(updates), rel=1e-5)


def test_noise_around_a_mean_has_the_expected_ratio() -> None:
    mean, deviation, weights = drawn(1, 400, seed=1), 0.7, 400
    updates = mean + deviation * drawn(500, weights, seed=2)
    expected = weights * deviation**2 / float(mean.square().sum())
    assert nv(updates) == pytest.approx(expected, rel=0.03)


def test_pure_noise_gives_the_number_of_batches() -> None:
    assert nv(drawn(20, 20_000)) == pytest.approx(20.0, rel=0.05)


def test_zero_updates_give_nan_and_zero_mean_infinity() -> None:
    assert math.isnan(nv(torch.zeros(4, 5)))
    assert nv(torch.tensor([[1.0], [-1.0]])) == math.inf


def test_without_each_leaves_out_one_batch_at_a_time() -> None:
    updates = 1.0 + drawn(6, 9)
    expected = [
        literal(torch.cat([updates[:left_out], updates[left_out + 1 :]])) for left_out in range(6)
    ]
    assert without_each(inner_products(updates)) == pytest.approx(expected)


def test_mean_cosine_averages_over_batches() -> None:
    updates = drawn(5, 8)
    assert mean_cosine(updates, 3.0 * updates) == pytest.approx(1.0)
    assert mean_cosine(updates, -updates) == pytest.approx(-1.0)
    first = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    other = torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    assert mean_cosine(first, other) == pytest.approx((0.0 + math.sqrt(0.5)) / 2)
    assert math.isnan(mean_cosine(torch.zeros(2, 2), first[:2]))
