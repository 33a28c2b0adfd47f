"""Genomes as points in logit space: one number for every choice of every gene.

Each gene has its own softmax (the factorised encoding), so evidence for an operation is not split
among its rules. Decoding always takes the largest logit of every gene.
"""

import math
import random
from functools import cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from evonas.search.problem import SearchProblem
from evonas.search.supernet_guided.guide_protocol import Logits
from evonas.space import Genome

MAX_HEIGHT = 12.0


@final
class LogitSpace:
    """Operations on rows of logits for a problem.

    Attributes:
        problem: the problem.
        dimension: length of a row.
    """

    def __init__(self, problem: SearchProblem) -> None:
        self.problem = problem
        self._counts = [len(gene.choices) for gene in problem.genes]
        self._ends = np.cumsum(self._counts)
        self.dimension = int(self._ends[-1])

    def genes(self, row: Logits) -> list[NDArray[np.float64]]:
        """Split a row by gene."""
        return np.split(row, self._ends[:-1])

    def softmax(self, row: Logits) -> Logits:
        """Return the probabilities of all choices, gene by gene."""
        return np.concatenate([_softmax(gene) for gene in self.genes(row)])

    def centred(self, row: Logits) -> Logits:
        """Return logits with the same softmax and a mean of zero in every gene."""
        return np.concatenate([gene - gene.mean() for gene in self.genes(row)])

    def decode(self, row: Logits) -> Genome:
        """Return the canonical genome of the largest logits; ties go to the first choice."""
        values = tuple(int(gene.argmax()) for gene in self.genes(row))
        return self.problem.canonical(Genome(values))

    def around(self, genome: Genome, *, rate: float) -> Logits:
        """Return zeros, with a peak at each choice of ``genome``.

        Args:
            genome: genome at the peaks.
            rate: probability that unit normal noise on the row changes the choice of a gene that
                has several choices.
        """
        row = np.zeros(self.dimension)
        for gene, value, count in zip(self.genes(row), genome.values, self._counts, strict=True):
            gene[value] = peak_height(count, rate)  # a view of the row
        return row

    def similarity(self, first: Logits, second: Logits) -> float:
        """Return the mean over genes of (1 + cosine) / 2 between centred logits, in [0, 1].

        A gene with a single choice, or without a preference, has no direction and is left out.
        """
        cosines = []
        pairs = zip(self.genes(first), self.genes(second), strict=True)
        for a, b in ((a - a.mean(), b - b.mean()) for a, b in pairs):
            size = float(np.linalg.norm(a) * np.linalg.norm(b))
            if size > 0.0:
                cosines.append(float(a @ b) / size)
        return 0.5 * (1.0 + sum(cosines) / len(cosines)) if cosines else 1.0

    def draw(self, row: Logits, *, rng: random.Random) -> Genome:
        """Draw a genome from the distribution that the row defines; not canonical."""
        values = [
            rng.choices(range(count), weights=_softmax(gene).tolist())[0]
            for gene, count in zip(self.genes(row), self._counts, strict=True)
        ]
        return Genome(tuple(values))


@cache
def peak_height(num_choices: int, rate: float) -> float:
    """Return h such that one of N normal numbers exceeds h + a normal number at ``rate``.

    N is ``num_choices`` - 1, and ``rate`` a probability. The result is zero if even a flat row
    changes less often, and at most :data:`MAX_HEIGHT`.
    """
    if num_choices == 1:
        return 0.0
    low, high = 0.0, MAX_HEIGHT
    for _ in range(50):
        height = 0.5 * (low + high)
        if _change_probability(num_choices, height) > rate:
            low = height
        else:
            high = height
    return 0.5 * (low + high)


def _change_probability(num_choices: int, height: float) -> float:
    """Return 1 - the integral of phi(z) Phi(z + height)^(choices - 1)."""
    width, reach = 0.05, 8.0
    stays = 0.0
    for step in range(int(2 * reach / width) + 1):
        z = step * width - reach
        below = 0.5 * math.erfc(-(z + height) / math.sqrt(2.0))
        stays += math.exp(-0.5 * z * z) * below ** (num_choices - 1)
    return 1.0 - stays * width / math.sqrt(2.0 * math.pi)


def _softmax(gene: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(gene - gene.max())
    shares: NDArray[np.float64] = raised / raised.sum()
    return shares
