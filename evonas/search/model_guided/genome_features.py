"""Features of genomes for a model: choices, counts, paths and signals.

Counts make exchangeable genes comparable: the number of convolutions in a cell is one column,
wherever they are. Costs are often nearly linear in the counts. Paths describe how operations are
connected, so that cells whose nodes are merely reordered are similar (White, Neiswanger and Savani
2021). Signals are what is known about a genome without evaluating it; see
:mod:`evonas.search.signals`.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from evonas.search.problem import SearchProblem, draw
from evonas.search.signals import signals_of
from evonas.space import Genome

Rows = NDArray[np.float64]

NUM_TYPICAL = 100
"""Number of random genomes that set the scale of paths and signals; the same in every search."""

MAX_SIGNAL = 3.0
"""Standardised signals are clipped to this absolute value."""


@final
class Features:
    """The feature columns of a problem.

    The columns of an inactive gene are all 0. Genes with a single choice have no columns. Genes of
    the same kind with the same choices are exchangeable.

    Args:
        problem: search space.

    Attributes:
        gene_of: for every choice column, the number of its gene among those with columns.
        count_of: for every choice column, the count column that counts it.
        pool_of: for every count column, the number of its group of exchangeable genes.
        num_paths: number of path columns; 0 if nothing is known about paths.
        signal_names: names of the signal columns; empty without signals.
    """

    def __init__(self, problem: SearchProblem) -> None:
        self._problem = problem
        self._genes = [i for i, gene in enumerate(problem.genes) if len(gene.choices) > 1]
        first_count: dict[tuple[str, tuple[str, ...]], int] = {}
        gene_of: list[int] = []
        count_of: list[int] = []
        pool_of: list[int] = []
        self._first: list[int] = []
        for number, gene in enumerate(problem.genes[i] for i in self._genes):
            size = len(gene.choices)
            pool = (gene.kind, gene.choices)
            if pool not in first_count:
                pool_of += [len(first_count)] * size
                first_count[pool] = len(pool_of) - size
            self._first.append(len(gene_of))
            gene_of += [number] * size
            count_of += range(first_count[pool], first_count[pool] + size)
        self.gene_of = np.array(gene_of, dtype=int)
        self.count_of = np.array(count_of, dtype=int)
        self.pool_of = np.array(pool_of, dtype=int)
        self._pool_sizes = np.bincount(self.count_of, minlength=len(pool_of))
        self.num_paths = len(problem.paths.names)
        self._signals = signals_of(problem)
        self.signal_names = tuple(self._signals.names)
        rng = random.Random(0)
        typical = [problem.canonical(draw(problem, rng=rng)) for _ in range(NUM_TYPICAL)]
        self._path_spread = np.sqrt(2.0 * self._paths(typical).var(axis=0).sum()) or 1.0
        self._signal_mean, self._signal_spread = _moments(self._raw_signals(typical))

    @property
    def parts(self) -> tuple[slice, ...]:
        """Column ranges of choices and counts, then of paths and signals if there are any."""
        optional = [size for size in (self.num_paths, len(self.signal_names)) if size]
        ends = np.cumsum([0, len(self.gene_of), len(self.pool_of), *optional])
        return tuple(slice(int(a), int(b)) for a, b in pairwise(ends))

    def rows(self, genomes: Sequence[Genome]) -> Rows:
        """Compute columns of choices (0 or 1), counts, paths and signals; (n, columns).

        Counts are divided by the square root of the number of genes with these choices, so that
        their spread over random genomes does not grow with the space. Paths are 0 or a constant
        for which two random genomes have a mean squared distance of 1. Signals have mean 0 and
        deviation 1 over random genomes; one that is not finite is replaced by the mean.
        """
        choices = np.zeros((len(genomes), len(self.gene_of)))
        for row, genome in zip(choices, genomes, strict=True):
            is_active = self._problem.is_active(genome)
            row[
                [
                    first + genome.values[gene]
                    for gene, first in zip(self._genes, self._first, strict=True)
                    if is_active[gene]
                ]
            ] = 1.0
        counts = np.zeros((len(genomes), len(self.pool_of)))
        np.add.at(counts.T, self.count_of, choices.T)
        paths = self._paths(genomes) / self._path_spread
        signals = (self._raw_signals(genomes) - self._signal_mean) / self._signal_spread
        signals = np.clip(np.nan_to_num(signals, nan=0.0), -MAX_SIGNAL, MAX_SIGNAL)
        return np.hstack([choices, counts / np.sqrt(self._pool_sizes), paths, signals])

    def _paths(self, genomes: Sequence[Genome]) -> Rows:
        paths = np.zeros((len(genomes), self.num_paths))
        for row, genome in zip(paths, genomes, strict=True):
            row[list(self._problem.paths.of(genome))] = 1.0
        return paths

    def _raw_signals(self, genomes: Sequence[Genome]) -> Rows:
        """Return the signals as given, with NaN for values that are not finite."""
        found = [self._signals.of(genome) for genome in genomes]
        raw = np.array(found, dtype=float).reshape(len(genomes), len(self.signal_names))
        return np.where(np.isfinite(raw), raw, np.nan)


def _moments(signals: Rows) -> tuple[Rows, Rows]:
    """Return mean and deviation of each column's finite values; 1 for a constant column."""
    known = np.isfinite(signals)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, signals, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(known, signals - mean, 0.0) ** 2).sum(axis=0) / count)
    is_constant = deviation <= 1e-9 * (1.0 + np.abs(mean))
    return mean, np.where(is_constant, 1.0, deviation)
