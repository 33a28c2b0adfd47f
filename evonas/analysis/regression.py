"""Regression from genomes to objectives: the search's Gaussian process, and an additive model."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

from evonas.search.model_guided.genome_features import Features, Rows
from evonas.search.model_guided.surrogate import Surrogate

Array = NDArray[np.float64]
Model = Callable[[Rows], Array]
"""Maps rows of features (n, columns) to values to be minimised, (n, objectives)."""

ModelName = Literal["gaussian process", "additive"]

PENALTIES = np.logspace(-2, 3, 16)


def fit_gaussian_process(
    features: Features, rows: Rows, values: Array, noise: Array | None
) -> Model:
    """Fit the surrogate of the engine ``evonas`` from scratch.

    Args:
        features: meaning of the columns.
        rows: (n, columns).
        values: to be minimised, (n, objectives).
        noise: variance of each value due to training, of the same shape, if known.
    """
    surrogate = Surrogate(features, num_objectives=values.shape[1])
    surrogate.learn(rows, values, noise)
    return surrogate.medians


def fit_additive(features: Features, rows: Rows, values: Array, noise: Array | None) -> Model:  # noqa: ARG001
    """Fit a sum of one number per choice of each active gene by ridge regression.

    The penalty of each objective minimises the leave-one-out error. Arguments are those of
    :func:`fit_gaussian_process`; the noise is not used.
    """
    choices = features.parts[0]
    parts = [RidgeCV(alphas=PENALTIES).fit(rows[:, choices], column) for column in values.T]

    def predict(new: Rows) -> Array:
        return np.column_stack([part.predict(new[:, choices]) for part in parts])

    return predict


MODELS: dict[ModelName, Callable[[Features, Rows, Array, Array | None], Model]] = {
    "gaussian process": fit_gaussian_process,
    "additive": fit_additive,
}
