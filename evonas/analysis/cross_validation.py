"""Cross-validation: how well a model predicts candidates that it was not fitted to."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Accuracy of one model of one objective on held-out candidates.

    Attributes:
        objective: name of the objective.
        model: name of the model.
        candidates: number of candidates.
        folds: number of folds.
        r2: 1 minus the squared error over that of the mean of the other folds; 0 or less: the
            model explains nothing.
        rmse: root mean squared error, in the unit of the objective.
        tau: Kendall's rank correlation of predictions and measurements; NaN if one is constant.
        tau_p: its two-sided p value.
        noise: root mean square of the standard errors of the measured values due to training, a
            lower bound on the error of any model; NaN if they are not known.
    """

    objective: str
    model: str
    candidates: int
    folds: int
    r2: float
    rmse: float
    tau: float
    tau_p: float
    noise: float

    @property
    def explains(self) -> bool:
        """Whether it predicts better than the mean, and ranks better than chance at 5 %."""
        return self.r2 > 0 and self.tau > 0 and self.tau_p < 0.05


def fold_numbers(keys: list[str], *, folds: int, seed: int) -> NDArray[np.int_]:
    """Return the fold of each candidate; equal keys are in the same fold.

    Args:
        keys: key of each row.
        folds: number of folds, at most the number of distinct keys.
        seed: seed of the shuffle.
    """
    distinct = list(dict.fromkeys(keys))
    shuffled = np.random.default_rng(seed).permutation(len(distinct))
    number = {key: int(place) % folds for key, place in zip(distinct, shuffled, strict=True)}
    return np.array([number[key] for key in keys])


def score(
    foretold: Array,
    measured: Array,
    fold: NDArray[np.int_],
    *,
    objective: str,
    model: str,
    noise: float,
) -> Fit:
    """Score the predictions of held-out candidates.

    Args:
        foretold: predicted values, (n,).
        measured: measured values, (n,).
        fold: fold of each candidate, (n,).
        objective: name of the objective.
        model: name of the model.
        noise: see :class:`Fit`.
    """
    numbers = np.unique(fold)
    means = np.array([measured[fold != number].mean() for number in numbers])
    baseline = means[np.searchsorted(numbers, fold)]
    error = float(((foretold - measured) ** 2).mean())
    spread = float(((baseline - measured) ** 2).mean())
    tau, p = math.nan, math.nan
    if np.ptp(foretold) > 0 and np.ptp(measured) > 0:
        tau, p = map(float, kendalltau(foretold, measured))
    return Fit(
        objective=objective,
        model=model,
        candidates=len(measured),
        folds=len(numbers),
        r2=1.0 - error / spread if spread > 0 else math.nan,
        rmse=math.sqrt(error),
        tau=tau,
        tau_p=p,
        noise=noise,
    )


def jackknife_error(without: Array) -> Array:
    """Return the grouped jackknife's standard error of an estimate (Efron 1982).

    Args:
        without: estimates without each group, (groups, ...).

    Returns:
        Standard error, (...).
    """
    groups = len(without)
    away = without - without.mean(axis=0)
    return np.asarray(np.sqrt((groups - 1) / groups * (away**2).sum(axis=0)))
