"""Normalised variance of updates over mini-batches, and their alignment with references.

    NV = sum_i Var_k(g_ki) / || mean_k g_k ||^2

g_k is the update of one layer on batch k. NV does not depend on the scale of the updates, so rules
of different scales can be compared. It is computed from the inner products of the updates, (K, K).
"""

import math

from torch import Tensor


def inner_products(updates: Tensor) -> Tensor:
    """Inner products of all pairs of updates: (K, parameters) -> (K, K) in float64."""
    wide = updates.double().flatten(1)
    return wide @ wide.T


def normalised_variance(products: Tensor) -> float:
    """NV of K updates from their inner products, with the unbiased variance (over K - 1).

    The mean of K updates contains 1/K of their variance, so for updates that are pure noise NV is
    about K. If NV is close to K, the batches have nothing in common, and more of them are needed.

    Returns:
        At least 0; NaN if all updates are zero, infinite if only their mean is.
    """
    return _ratio(float(products.trace()), float(products.sum()), len(products))


def without_each(products: Tensor) -> list[float]:
    """NV with each of the K updates left out in turn, for a jackknife; K >= 3."""
    own = products.diagonal()
    traces = products.trace() - own
    totals = products.sum() - 2.0 * products.sum(dim=1) + own
    count = len(products) - 1
    pairs = zip(traces.tolist(), totals.tolist(), strict=True)
    return [_ratio(trace, total, count) for trace, total in pairs]


def _ratio(trace: float, total: float, count: int) -> float:
    """NV from the sum of the squared norms, and the squared norm of the sum."""
    spread = max(0.0, (trace - total / count) / (count - 1))
    square = total / count**2
    if square <= 0.0:
        return math.nan if spread == 0.0 else math.inf
    return spread / square


def mean_cosine(updates: Tensor, references: Tensor) -> float:
    """Cosine of each update with its reference, averaged over batches; (K, parameters) both.

    Batches in which the update or the reference is zero are left out; NaN if none remains.
    """
    one, other = updates.double().flatten(1), references.double().flatten(1)
    cosines = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))
    known = cosines[~cosines.isnan()]
    return float(known.mean()) if len(known) else math.nan
