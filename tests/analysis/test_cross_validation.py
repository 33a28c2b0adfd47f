"""Oracles: explicit definitions, and estimates of known error."""

import math
from itertools import combinations

import numpy as np
import pytest

from evonas.analysis.cross_validation import Fit, fold_numbers, jackknife_error, score


def scored(foretold: np.ndarray, measured: np.ndarray, fold: np.ndarray) -> Fit:
    return score(foretold, measured, fold, objective="acc", model="additive", noise=math.nan)


def test_equal_keys_share_a_fold_and_folds_are_balanced() -> None:
    keys = [f"k{i % 23}" for i in range(40)]
    fold = fold_numbers(keys, folds=5, seed=0)
    for key in keys:
        assert len({int(f) for f, k in zip(fold, keys, strict=True) if k == key}) == 1
    distinct = [int(fold[keys.index(f"k{i}")]) for i in range(23)]
    assert sorted(map(distinct.count, range(5))) == [4, 4, 5, 5, 5]
    assert fold.tolist() != fold_numbers(keys, folds=5, seed=1).tolist()


def test_r2_is_one_for_perfect_and_zero_for_mean_forecast() -> None:
    measured = np.random.default_rng(0).normal(size=30)
    fold = np.arange(30) % 5
    perfect = scored(measured, measured, fold)
    assert (perfect.r2, perfect.rmse) == (1.0, 0.0)
    assert perfect.tau == pytest.approx(1.0)
    assert perfect.explains
    means = np.array([measured[fold != f].mean() for f in fold])
    assert scored(means, measured, fold).r2 == pytest.approx(0.0)
    assert not scored(means, measured, fold).explains
    assert not scored(-measured, measured, fold).explains


def test_rmse_and_tau_match_their_definitions() -> None:
    generator = np.random.default_rng(1)
    measured, foretold = generator.normal(size=(2, 12))
    foretold = foretold + measured
    found = scored(foretold, measured, np.arange(12) % 3)
    pairs = [
        np.sign((foretold[i] - foretold[j]) * (measured[i] - measured[j]))
        for i, j in combinations(range(12), 2)
    ]
    assert found.tau == pytest.approx(np.mean(pairs))
    assert found.rmse == pytest.approx(math.sqrt(sum((foretold - measured) ** 2) / 12))
    assert (found.candidates, found.folds) == (12, 3)


def test_jackknife_error_of_mean_is_standard_error() -> None:
    values = np.random.default_rng(2).normal(size=(8, 3))
    without = np.stack([np.delete(values, i, axis=0).mean(axis=0) for i in range(8)])
    assert jackknife_error(without) == pytest.approx(values.std(axis=0, ddof=1) / math.sqrt(8))
