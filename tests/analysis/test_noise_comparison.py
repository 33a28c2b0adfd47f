"""Oracles: independent noise of known variance, and equal noise."""

import math

import pytest
import torch
from torch import Tensor

from evonas.analysis.noise_comparison import OWN, compare_noise
from evonas.evaluation.diagnostics.gradient_noise import (
    inner_products,
    normalised_variance,
    without_each,
)
from evonas.evaluation.diagnostics.update_noise import LayerNoise


def layer_noise(assignment: str, layer: str, updates: Tensor) -> LayerNoise:
    products = inner_products(updates)
    return LayerNoise(
        assignment, layer, "fa", updates.shape[1], normalised_variance(products),
        tuple(without_each(products)), 0.5,
    )  # fmt: skip


def drawn(deviation: float, *, seed: int, batches: int = 20) -> Tensor:
    """Updates of mean 1 in each of 5,000 weights: NV is about the squared deviation."""
    generator = torch.Generator().manual_seed(seed)
    return 1.0 + deviation * torch.randn(batches, 5000, generator=generator)


def test_noise_ratio_matches_variances_and_is_significant() -> None:
    found = compare_noise(
        [layer_noise(OWN, name, drawn(0.1, seed=i)) for i, name in enumerate("ab")]
        + [layer_noise("bp", name, drawn(0.2, seed=9 + i)) for i, name in enumerate("ab")]
        + [layer_noise("fa", name, 7.0 * drawn(0.1, seed=i)) for i, name in enumerate("ab")]
    )
    own, bp, scaled = found
    assert (own.assignment, own.ratio, own.layers, own.batches) == (OWN, 1.0, 2, 20)
    assert math.isnan(own.p)
    assert own.nv == pytest.approx(0.01, rel=0.02)
    assert bp.ratio == pytest.approx(0.25, rel=0.03)
    assert bp.low < bp.ratio < bp.high < 1
    assert bp.p_holm < 1e-6
    assert scaled.ratio == pytest.approx(1.0)  # the scale of updates plays no part


def test_p_of_equal_noise_is_calibrated() -> None:
    p = []
    for seed in range(120):
        own = layer_noise(OWN, "a", drawn(0.3, seed=2 * seed))
        other = layer_noise("bp", "a", drawn(0.3, seed=2 * seed + 1))
        p.append(compare_noise([own, other])[1].p)
    assert 0.01 < sum(value < 0.05 for value in p) / len(p) < 0.10


def test_layers_without_updates_are_excluded() -> None:
    zero = torch.zeros(20, 50)
    found = compare_noise(
        [
            layer_noise(OWN, "a", drawn(0.1, seed=0)),
            layer_noise(OWN, "b", zero),
            layer_noise("bp", "a", drawn(0.1, seed=1)),
            layer_noise("bp", "b", drawn(0.1, seed=2)),
        ]
    )
    assert [one.layers for one in found] == [1, 1]
    assert math.isfinite(found[1].p)
