"""Enrichment: which rule, at which depth, is more frequent on the front than overall."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evonas.analysis.population import Population
from evonas.analysis.rule_sites import count_sites
from evonas.benchmarking.statistics import holm

NUM_PERMUTATIONS = 10_000
CHUNK = 500  # permutations per batch, to limit memory
TIE = 1e-9  # smaller differences of shares are rounding errors

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RuleShare:
    """Share of one rule at one depth.

    Attributes:
        depth: part of the skeleton.
        rule: name of the rule.
        sites_front: number of sites with weights under this rule in all networks of the front.
        sites_all: number of such sites in all candidates.
        share_front: share of the rule among all sites with weights at this depth on the front; NaN
            if there are none.
        share_all: share of the rule among all candidates, likewise.
        difference: ``share_front - share_all``.
        p: p value of the permutation test; NaN if the share cannot vary or is undefined.
        p_holm: p value adjusted for all cells that have a ``p``.
        p_least: smallest possible ``p`` for a front of this size; NaN where ``p`` is.
    """

    depth: str
    rule: str
    sites_front: int
    sites_all: int
    share_front: float
    share_all: float
    difference: float
    p: float
    p_holm: float
    p_least: float


def enrichment(
    population: Population, *, seed: int, permutations: int = NUM_PERMUTATIONS
) -> list[RuleShare]:
    """Return each rule's share at each depth, on the front and overall, with permutation tests.

    Shares are of sites with weights: sums over networks, divided once. The test permutes which
    candidates are on the front, within each run, and counts how often the share is at least as far
    from its mean over permutations as the observed one (two-sided; the observed one counts as a
    permutation, so p is never 0: Phipson and Smyth 2010, arXiv 1603.05766). It assumes that
    candidates are exchangeable. In an evolutionary search they are not quite: children resemble
    their parents.

    Args:
        population: candidates of one run or several.
        seed: seed of the permutations.
        permutations: number of permutations.

    Returns:
        Shares by depth, then by rule; empty if the space has only one rule.
    """
    found = count_sites(population.space, population.members)
    if len(found.rules) < 2:
        return []
    counts = found.counts.astype(float)
    is_front = np.array([member.on_front for member in population.members])
    runs = np.array([member.run for member in population.members])
    observed = _shares(is_front[None].astype(float), counts)[0]
    everyone = _shares(np.ones((1, len(is_front))), counts)[0]
    p, least = _p_values(
        observed, counts, is_front, runs, generator=np.random.default_rng(seed), num=permutations
    )
    # a share that does not depend on who is on the front cannot be tested
    tested = [(d, r) for d, r in np.ndindex(p.shape) if not math.isnan(p[d, r])]
    adjusted = dict(zip(tested, holm([float(p[cell]) for cell in tested]), strict=True))
    return [
        RuleShare(
            depth=depth,
            rule=rule,
            sites_front=int(counts[is_front, d, r].sum()),
            sites_all=int(counts[:, d, r].sum()),
            share_front=float(observed[d, r]),
            share_all=float(everyone[d, r]),
            difference=float(observed[d, r] - everyone[d, r]),
            p=float(p[d, r]),
            p_holm=adjusted.get((d, r), math.nan),
            p_least=float(least[d, r]),
        )
        for d, depth in enumerate(found.depths)
        for r, rule in enumerate(found.rules)
    ]


def _shares(chosen: Array, counts: Array) -> Array:
    """Return the rules' shares of sites; (sets, members), (members, depths, rules)."""
    sums = np.tensordot(chosen, counts, axes=1)
    totals = sums.sum(axis=2, keepdims=True)
    shares = np.divide(sums, totals, out=np.full_like(sums, np.nan), where=totals > 0)
    return np.asarray(shares)


def _p_values(
    observed: Array,
    counts: Array,
    is_front: NDArray[np.bool_],
    runs: NDArray[np.int_],
    *,
    generator: np.random.Generator,
    num: int,
) -> tuple[Array, Array]:
    """Return the p value of each cell, and the smallest possible one; both (depths, rules)."""
    drawn = [observed[None]]
    for first in range(0, num, CHUNK):
        size = min(CHUNK, num - first)
        chosen = np.zeros((size, len(runs)))
        for run in np.unique(runs):
            inside = np.flatnonzero(runs == run)
            ranks = generator.random((size, len(inside))).argsort(axis=1)
            chosen[:, inside] = ranks < is_front[inside].sum()
        drawn.append(_shares(chosen, counts))
    shares = np.concatenate(drawn)
    known = ~np.isnan(shares)
    total = known.sum(axis=0)
    mean = np.where(known, shares, 0.0).sum(axis=0) / np.maximum(total, 1)
    away = np.where(known, np.abs(shares - mean), 0.0)
    p = (away >= away[0] - TIE).mean(axis=0)
    least = (away >= away.max(axis=0) - TIE).mean(axis=0)
    untested = (away.max(axis=0) <= TIE) | ~known[0]
    return np.where(untested, np.nan, p), np.where(untested, np.nan, least)
