"""Oracles: independent noise of known variance, equal noise, and Student's test of a mean."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
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


def of_logs(assignment: str, layer: str, logs: list[float], *, cosine: float = 0.5) -> LayerNoise:
    """Variance whose logarithm is the mean of one number per mini-batch."""
    without = [math.fsum(logs[:i] + logs[i + 1 :]) / (len(logs) - 1) for i in range(len(logs))]
    return LayerNoise(
        assignment, layer, "fa", 10, math.exp(math.fsum(logs) / len(logs)),
        tuple(map(math.exp, without)), cosine,
    )  # fmt: skip


def test_jackknife_of_a_mean_is_students_test_of_it() -> None:
    """Left-out means have the standard error of the mean as their jackknife error (Efron 1982)."""
    x, y = [0.1, -0.3, 0.2, 0.4, 0.35], [0.5, 0.1, -0.2, 0.3, 0.6]
    zeros = [0.0] * 5
    found = compare_noise([
        of_logs(OWN, "a", x), of_logs(OWN, "b", y), of_logs(OWN, "only mine", [9.0] * 5),
        of_logs("bp", "a", zeros, cosine=0.2), of_logs("bp", "b", zeros, cosine=0.4),
        of_logs("bp", "only there", zeros, cosine=math.nan),
        of_logs("fa", "a", [2.0] * 5),
        of_logs("kp", "a", [0.2] * 5),
    ])  # fmt: skip
    own, bp, fa, kp = found
    both = [(a + b) / 2 for a, b in zip(x, y, strict=True)]
    for row, differences in ((bp, both), (fa, [a - 2.0 for a in x]), (kp, [a - 0.2 for a in x])):
        test = stats.ttest_1samp(differences, 0.0)
        ends = test.confidence_interval(0.95)
        assert row.ratio == pytest.approx(math.exp(np.mean(differences)))
        assert (row.low, row.high) == pytest.approx((math.exp(ends.low), math.exp(ends.high)))
        assert row.p == pytest.approx(test.pvalue)
    assert [(row.assignment, row.layers, row.batches) for row in found] == [
        (OWN, 3, 5), ("bp", 2, 5), ("fa", 1, 5), ("kp", 1, 5),
    ]  # fmt: skip
    assert (bp.nv, bp.cosine) == pytest.approx((1.0, 0.3))
    assert fa.nv == pytest.approx(math.exp(2.0))
    # Holm: the smallest of three p values counts three times, the next one twice
    assert fa.p < bp.p < kp.p
    assert (fa.p_holm, bp.p_holm, kp.p_holm) == pytest.approx((3 * fa.p, 2 * bp.p, kp.p))
    assert math.isnan(own.p_holm)


def test_layers_without_noise_or_partner_are_not_compared() -> None:
    still = LayerNoise("bp", "a", "fa", 10, 0.0, (0.0,) * 3, math.nan)
    endless = LayerNoise("fa", "a", "fa", 10, math.inf, (math.inf,) * 3, 0.1)
    flat = of_logs("kp", "a", [1.0] * 3)
    found = compare_noise([of_logs(OWN, "a", [0.0] * 3), still, endless, flat])
    assert [row.layers for row in found] == [1, 0, 0, 1]
    for row in found[1:3]:
        values = (row.nv, row.ratio, row.low, row.high, row.p, row.p_holm)
        assert all(map(math.isnan, values))
    assert math.isnan(found[1].cosine)
    assert found[3].ratio == pytest.approx(math.exp(-1.0))  # without spread there is no test
    assert all(map(math.isnan, (found[3].low, found[3].high, found[3].p, found[3].p_holm)))
