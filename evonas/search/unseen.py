"""Uniformly random genomes that were never asked for, until a small space is exhausted."""

import itertools
import math
import random
from collections.abc import Callable
from typing import final

from evonas.search.problem import SearchProblem, draw
from evonas.space import Genome

MAX_ENUMERABLE = 2**17
"""Largest number of genotypes that is enumerated once random draws find nothing new."""

NUM_DRAWS_BEFORE_LISTING = 200
NUM_DRAWS_BEFORE_GIVING_UP = 20_000


@final
class UnseenGenomes:
    """A source of genomes never asked for; it is empty once the space is exhausted.

    A large space cannot be enumerated: there it also gives up after
    :data:`NUM_DRAWS_BEFORE_GIVING_UP` consecutive draws without a new genome.
    """

    def __init__(self, problem: SearchProblem, *, rng: random.Random) -> None:
        self._problem = problem
        self._rng = rng
        self._rest: list[Genome] | None = None

    def draw(self, count: int, *, is_new: Callable[[str], bool]) -> list[Genome]:
        """Draw up to ``count`` canonical genomes with new and distinct keys.

        Args:
            count: number of genomes.
            is_new: whether the genome with a given key was never asked for.

        Returns:
            Fewer than ``count``, or none, if the space has no more.
        """
        fresh: dict[str, Genome] = {}
        while len(fresh) < count:
            found = self._next(lambda key: is_new(key) and key not in fresh)
            if found is None:
                break
            fresh[self._problem.key(found)] = found
        return list(fresh.values())

    def _next(self, is_new: Callable[[str], bool]) -> Genome | None:
        if self._rest is None:
            is_small = self._num_genotypes <= MAX_ENUMERABLE
            limit = NUM_DRAWS_BEFORE_LISTING if is_small else NUM_DRAWS_BEFORE_GIVING_UP
            for _ in range(limit):
                genome = self._problem.canonical(draw(self._problem, rng=self._rng))
                if is_new(self._problem.key(genome)):
                    return genome
            if not is_small:
                return None
            self._rest = self._listed()
        while self._rest:
            genome = self._rest.pop()
            if is_new(self._problem.key(genome)):
                return genome
        return None

    @property
    def _num_genotypes(self) -> int:
        return math.prod(len(gene.choices) for gene in self._problem.genes)

    def _listed(self) -> list[Genome]:
        """List one genome for every network in the space, in random order."""
        listed: dict[str, Genome] = {}
        for values in itertools.product(*(range(len(g.choices)) for g in self._problem.genes)):
            genome = self._problem.canonical(Genome(values))
            listed.setdefault(self._problem.key(genome), genome)
        rest = list(listed.values())
        self._rng.shuffle(rest)
        return rest
