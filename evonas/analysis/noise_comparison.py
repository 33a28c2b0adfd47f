"""Compare the variance of updates between assignments of rules, at the same weights."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as students_t

from evonas.benchmarking.statistics import holm
from evonas.evaluation.diagnostics.update_noise import LayerNoise

OWN = "own"
"""Name of the genome's own assignment."""


@dataclass(frozen=True)
class NoiseComparison:
    """Comparison of one assignment with the network's own, over all layers.

    Attributes:
        assignment: name of the assignment.
        layers: number of layers that learn under both.
        batches: number of mini-batches; a variance near this number is all noise.
        nv: geometric mean over the layers of the normalised variance.
        cosine: mean over the layers of the alignment with the gradient.
        ratio: ``nv`` of the own assignment over this one's; below 1: the own one varies less.
        low: lower end of the ratio's 95 % interval.
        high: upper end of the interval.
        p: two-sided p value for a ratio of 1; NaN for the own assignment.
        p_holm: p value adjusted for all other assignments of the network at these weights.
    """

    assignment: str
    layers: int
    batches: int
    nv: float
    cosine: float
    ratio: float
    low: float
    high: float
    p: float
    p_holm: float


def compare_noise(found: Sequence[LayerNoise]) -> list[NoiseComparison]:
    """Compare the own assignment with each other one.

    The logarithm of the ratio is averaged over layers. Its error is the jackknife over
    mini-batches, which are the same for both; its test is Student's. Errors and tests refer to
    mini-batches at these weights: they say nothing about other seeds of training.

    Args:
        found: noise of the layers of one network at one set of weights; includes :data:`OWN`.
    """
    by_assignment: dict[str, dict[str, LayerNoise]] = {}
    for one in found:
        by_assignment.setdefault(one.assignment, {})[one.layer] = one
    own = by_assignment[OWN]
    rows = [_compare(name, own, other) for name, other in by_assignment.items()]
    tested = [row.assignment for row in rows if not math.isnan(row.p)]
    adjusted = dict(
        zip(tested, holm([row.p for row in rows if not math.isnan(row.p)]), strict=True)
    )
    return [replace(row, p_holm=adjusted.get(row.assignment, math.nan)) for row in rows]


def _compare(
    name: str, own: Mapping[str, LayerNoise], other: Mapping[str, LayerNoise]
) -> NoiseComparison:
    layers = [
        layer
        for layer in own
        if layer in other and all(0 < each[layer].nv < math.inf for each in (own, other))
    ]
    mine = np.log([(own[layer].nv, *own[layer].nv_without) for layer in layers])
    theirs = np.log([(other[layer].nv, *other[layer].nv_without) for layer in layers])
    cosines = [one.cosine for one in other.values() if not math.isnan(one.cosine)]
    ratio, low, high, p = math.nan, math.nan, math.nan, math.nan
    if layers and name != OWN:
        differences = (mine - theirs).mean(axis=0)
        ratio, low, high, p = _jackknife(float(differences[0]), differences[1:])
    return NoiseComparison(
        assignment=name,
        layers=len(layers),
        batches=max(len(one.nv_without) for one in own.values()),
        nv=float(np.exp(theirs[:, 0].mean())) if layers else math.nan,
        cosine=float(np.mean(cosines)) if cosines else math.nan,
        ratio=1.0 if name == OWN else ratio,
        low=low,
        high=high,
        p=p,
        p_holm=math.nan,
    )


def _jackknife(
    difference: float, without: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Return ratio, interval and p value from the difference of logarithms."""
    count = len(without)
    error = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    ratio = math.exp(difference)
    if not error > 0.0 or not math.isfinite(error):
        return ratio, math.nan, math.nan, math.nan
    reach = float(students_t.ppf(0.975, count - 1)) * error
    p = 2.0 * float(students_t.sf(abs(difference) / error, count - 1))
    return ratio, math.exp(difference - reach), math.exp(difference + reach), p
