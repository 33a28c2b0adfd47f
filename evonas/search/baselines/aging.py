"""Aging evolution: the best of a sample reproduces, and the oldest dies (Real et al. 2019)."""

import math
import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.neighbours import neighbours
from evonas.search.pareto import constrained_front
from evonas.search.problem import SearchProblem
from evonas.seeds import derive_seed
from evonas.space import Genome

SAMPLE_SHARE = 0.25  # of the population; the paper's 25 of 100
MAX_SAMPLES = 50  # attempts per wanted child: some parents have no new neighbour


@final
class AgingEvolution(AbstractSearch):
    """Regularised evolution: every member dies of age; good genes survive only in children.

    A child differs from its parent in one gene. The parent is drawn from the non-dominated
    members of a random sample; with one objective, that is the best. Failed candidates do not
    enter the population. Infeasible ones fill it up while there are too few feasible ones; among
    them the smallest violation is best.
    """

    name: ClassVar[str] = "aging"
    title: ClassVar[str] = "the best of a sample has a child, the oldest dies"
    source: ClassVar[str] = "Real, Aggarwal, Huang and Le 2019"
    is_sequential: ClassVar[bool] = True

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "aging"))
        self._inside: deque[Outcome] = deque(maxlen=population)
        self._outside: deque[Outcome] = deque(maxlen=population)
        self._sample_size = max(2, round(SAMPLE_SHARE * population))

    @property
    def alive(self) -> tuple[Genome, ...]:
        """The population, oldest first, infeasible members last."""
        return tuple(outcome.genome for outcome in self._members())

    def _members(self) -> list[Outcome]:
        num_outside = self.population - len(self._inside)
        newest = list(self._outside)[-num_outside:] if num_outside else []
        return [*self._inside, *newest]

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        self._inside.extend(o for o in outcomes if o.vector is not None)
        self._outside.extend(o for o in outcomes if 0.0 < o.violation < math.inf)

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        for members in (self._inside, self._outside):
            for place, member in enumerate(members):
                members[place] = outcomes.get(member.genome, member)

    def _propose(self, count: int) -> list[Genome]:
        members = self._members()
        if len(members) < self.population:
            return []
        children: dict[str, Genome] = {}
        for _ in range(MAX_SAMPLES * count):
            if len(children) >= count:
                break
            child = next(neighbours(self._parent(members), self.problem, rng=self._rng), None)
            if child is not None and self._is_new(key := self.problem.key(child)):
                children.setdefault(key, child)
        return list(children.values())

    def _parent(self, members: Sequence[Outcome]) -> Genome:
        sample = self._rng.sample(members, k=self._sample_size)
        keep = constrained_front([o.vector for o in sample], [o.violation for o in sample])
        best = [outcome.genome for outcome, is_best in zip(sample, keep, strict=True) if is_best]
        return self._rng.choice(best)
