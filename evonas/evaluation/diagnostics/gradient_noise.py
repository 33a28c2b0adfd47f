"""The variance of updates over mini-batches in units of their mean, and what it is worth.

    NV = sum_i Var_k(g_ki) / || mean_k g_k ||^2

g_k is the update of one layer on batch k. NV does not depend on the scale of the updates, so rules
of different scales can be compared. All follows from the inner products of the updates, (K, K).
"""

import math

from torch import Tensor


def inner_products(updates: Tensor) -> Tensor:
    """Of every two updates: (K, parameters) -> (K, K) in float64."""
    wide = updates.double().flatten(1)
    return wide @ wide.T


def normalised_variance(products: Tensor) -> float:
    """NV of K updates from their inner products, with the unbiased variance (over K - 1).

    The mean of K updates holds a K-th of their variance, so of updates that are all noise NV is
    about K: where it comes near, the batches agree on nothing, and more of them are needed.

    Returns:
        At least 0; NaN where all updates are zero, infinite where only their mean is.
    """
    return _ratio(float(products.trace()), float(products.sum()), len(products))


def without_each(products: Tensor) -> list[float]:
    """NV without each of the K updates in turn, for a jackknife; K >= 3."""
    own = products.diagonal()
    traces = products.trace() - own
    totals = products.sum() - 2.0 * products.sum(dim=1) + own
    count = len(products) - 1
    pairs = zip(traces.tolist(), totals.tolist(), strict=True)
    return [_ratio(trace, total, count) for trace, total in pairs]


def _ratio(trace: float, total: float, count: int) -> float:
    """From the sum of the squared norms, and the squared norm of the sum."""
    spread = max(0.0, (trace - total / count) / (count - 1))
    square = total / count**2
    if square <= 0.0:
        return math.nan if spread == 0.0 else math.inf
    return spread / square


def mean_cosine(updates: Tensor, references: Tensor) -> float:
    """The cosine of each update with its reference, averaged over batches; (K, parameters) both.

    NaN where every update or every reference is zero; batches in which one is are left out.
    """
    one, other = updates.double().flatten(1), references.double().flatten(1)
    cosines = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))
    known = cosines[~cosines.isnan()]
    return float(known.mean()) if len(known) else math.nan
