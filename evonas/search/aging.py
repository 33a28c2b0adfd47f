"""Aging evolution: the best of a sample has a child, and the oldest dies (Real et al. 2019)."""

import random
from collections import deque
from collections.abc import Sequence
from typing import ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.neighbours import neighbours
from evonas.search.pareto import Vector, non_dominated
from evonas.search.problem import Problem
from evonas.seeds import derive_seed
from evonas.space import Genome

SAMPLE_SHARE = 0.25  # of the population; the paper's 25 of 100
MAX_SAMPLES = 50  # without a neighbour that nobody has asked for


@final
class AgingEvolution(AbstractSearch):
    """Regularised evolution: nobody survives by being good, only by having good children.

    A child differs from its parent in one gene. With several objectives the parent is drawn from
    those of the sample that no other of the sample dominates; with one, that is the best. Failed
    candidates do not enter the population.
    """

    name: ClassVar[str] = "aging"
    title: ClassVar[str] = "the best of a sample has a child, the oldest dies"
    source: ClassVar[str] = "Real, Aggarwal, Huang and Le 2019"
    is_sequential: ClassVar[bool] = True

    def __init__(
        self, problem: Problem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "aging"))
        self._alive: deque[tuple[Genome, Vector]] = deque(maxlen=population)
        self._sample_size = max(2, round(SAMPLE_SHARE * population))

    @property
    def alive(self) -> tuple[Genome, ...]:
        """The population, oldest first."""
        return tuple(genome for genome, _ in self._alive)

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        self._alive.extend((o.genome, o.vector) for o in outcomes if o.vector is not None)

    def _propose(self, count: int) -> list[Genome]:
        if len(self._alive) < self.population:
            return []
        children: dict[str, Genome] = {}
        for _ in range(MAX_SAMPLES * count):
            if len(children) >= count:
                break
            child = next(neighbours(self._parent(), self.problem, rng=self._rng), None)
            if child is not None and self._is_new(key := self.problem.key(child)):
                children.setdefault(key, child)
        return list(children.values())

    def _parent(self) -> Genome:
        sample = self._rng.sample(self._alive, k=self._sample_size)
        keep = non_dominated([vector for _, vector in sample])
        best = [genome for (genome, _), is_best in zip(sample, keep, strict=True) if is_best]
        return self._rng.choice(best)
