"""Local search: step to the first better neighbour, restart if there is none."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.neighbours import neighbours
from evonas.search.problem import SearchProblem
from evonas.seeds import derive_seed
from evonas.space import Genome

Standing = tuple[float, float]
"""Violation, then objective value; compared in this order, both minimised."""


@final
class LocalSearch(AbstractSearch):
    """First improvement with random restarts (White, Nolen and Savani 2021), one objective.

    Neighbours that were evaluated before cost nothing: the search steps to a better one at once.
    After a local optimum, the first candidate that does not fail starts the next descent. The
    smaller violation is better, then the smaller value.
    """

    name: ClassVar[str] = "local"
    title: ClassVar[str] = "step to the first better neighbour; restart where there is none"
    source: ClassVar[str] = "White, Nolen and Savani 2021"
    is_sequential: ClassVar[bool] = True
    max_objectives: ClassVar[int | None] = 1

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "local"))
        self._standings: dict[str, Standing] = {}
        self._here: tuple[Genome, Standing] | None = None
        self._steps: Iterator[Genome] = iter(())
        self._pending: set[str] = set()

    @property
    def here(self) -> Genome | None:
        """Current point of the descent; None at the beginning and at a local optimum."""
        return None if self._here is None else self._here[0]

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            key = self.problem.key(outcome.genome)
            self._pending.discard(key)
            if math.isfinite(outcome.violation):
                (value,) = outcome.vector or (0.0,)
                standing = (outcome.violation, value)
                self._standings[key] = standing
                if self._here is None or standing < self._here[1]:
                    self._go(outcome.genome, standing)

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        for genome, outcome in outcomes.items():
            if self.problem.key(genome) in self._standings:
                standing = (outcome.violation, (outcome.vector or (0.0,))[0])
                self._standings[self.problem.key(genome)] = standing
                if self._here is not None and self._here[0] == genome:
                    self._here = (genome, standing)

    def _propose(self, count: int) -> list[Genome]:
        found: dict[str, Genome] = {}
        while self._here is not None and len(found) < count:
            genome = next(self._steps, None)
            if genome is None:
                break
            key = self.problem.key(genome)
            if self._is_new(key):
                found.setdefault(key, genome)
            elif self._standings.get(key, self._here[1]) < self._here[1]:
                self._go(genome, self._standings[key])
                found.clear()  # these are neighbours of the previous point
        if not found and not self._pending:
            self._here = None
        self._pending.update(found)
        return list(found.values())

    def _go(self, genome: Genome, standing: Standing) -> None:
        self._here = (genome, standing)
        self._steps = neighbours(genome, self.problem, rng=self._rng)
