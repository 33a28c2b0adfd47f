"""Summary of a network's confirmations: means, standard errors, collapsed trainings."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.search.replicates.noise_variance import moderated
from evonas.study.results.trainings import by_candidate, error_of_mean, healthy


@dataclass(frozen=True)
class Confirmed:
    """One network, summarised by trainings that played no part in choosing it.

    Attributes:
        key: key of the candidate.
        replicates: number of trainings, collapsed ones included.
        collapsed: number of them that failed, or learned next to nothing while others did.
        means: means of the others by objective; those on the test part begin with ``test_``.
        errors: standard error of each mean, None if it cannot be estimated. It covers the training
            noise and the finite number of images, which all replicates share.
    """

    key: str
    replicates: int
    collapsed: int
    means: Mapping[str, float]
    errors: Mapping[str, float | None]


def summarise(confirmations: Sequence[Evaluation]) -> dict[str, Confirmed]:
    """The confirmations of each candidate, by its key.

    The variance of training is that of the candidate's own replicates, moderated by the variance
    pooled over all candidates (:mod:`evonas.search.replicates.noise_variance`). Three replicates
    alone would be too few to estimate it.

    Args:
        confirmations: confirmations of any number of candidates.
    """
    by_key = by_candidate(confirmations)
    counted = {key: healthy(some) for key, some in by_key.items()}
    names = list(dict.fromkeys(name for e in confirmations for name in trained_values(e)))
    variances = {name: _variances(counted, name) for name in names}
    return {
        key: _confirmed(
            key, len(by_key[key]), some, {name: variances[name].get(key) for name in names}
        )
        for key, some in counted.items()
    }


def _confirmed(
    key: str, replicates: int, counted: Sequence[Evaluation], variances: Mapping[str, float | None]
) -> Confirmed:
    means: dict[str, float] = {}
    errors: dict[str, float | None] = {}
    for name, variance in variances.items() if counted else ():
        values = [trained_values(e)[name] for e in counted]
        means[name] = statistics.fmean(values)
        of_mean = None if variance is None else variance / len(values)
        errors[name] = error_of_mean(of_mean, counted, name, means[name])
    return Confirmed(key, replicates, replicates - len(counted), means, errors)


def trained_values(evaluation: Evaluation) -> dict[str, float]:
    """Values on both parts, except those that need no training, which cannot be confirmed."""
    validation = {
        name: value for name, value in evaluation.values.items() if OBJECTIVES[name].cost != "free"
    }
    return validation | {f"test_{name}": v for name, v in evaluation.test_values.items()}


def _variances(counted: Mapping[str, Sequence[Evaluation]], name: str) -> dict[str, float]:
    """The variance of a single training of each candidate; empty if none has two."""
    values = [[trained_values(e)[name] for e in some] for some in counted.values()]
    freedom = np.array([max(0, len(some) - 1) for some in values])
    if not freedom.sum():
        return {}
    scatter = np.array([np.var(some) * len(some) if some else 0.0 for some in values])
    return dict(zip(counted, moderated(scatter, freedom).tolist(), strict=True))
