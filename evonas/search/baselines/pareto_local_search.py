"""Pareto local search: evaluate the neighbours of every unexplored member of the archive."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.neighbours import neighbours
from evonas.search.pareto import constrained_front
from evonas.search.problem import SearchProblem
from evonas.search.variation import vary
from evonas.seeds import derive_seed
from evonas.space import Genome

NUM_FOUNDERS = 5
MAX_ATTEMPTS = 50  # attempts at a new child of the archive, per wanted child


@final
class ParetoLocalSearch(AbstractSearch):
    """Pareto local search (Paquete, Chiarandini and Stützle 2004) without repeated evaluations.

    Draws one unexplored member of the archive and evaluates its neighbours, until all are
    evaluated or the member is dominated. When nothing is left to explore, members are crossed and
    mutated, and what enters the archive is explored in turn. Without any feasible result, the
    archive holds those with the smallest violation.
    """

    name: ClassVar[str] = "pls"
    title: ClassVar[str] = "explore the neighbours of every point of the archive"
    source: ClassVar[str] = "Paquete, Chiarandini and Stützle 2004"
    is_sequential: ClassVar[bool] = True

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "pls"))
        self._archive: dict[Genome, Outcome] = {}
        self._explored: set[Genome] = set()
        self._here: Genome | None = None
        self._steps: Iterator[Genome] = iter(())
        self._num_told = 0

    @property
    def archive(self) -> tuple[Genome, ...]:
        """Results that no other result beats, in the order of asking."""
        return tuple(self._archive)

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        self._num_told += len(outcomes)
        self._enter({outcome.genome: outcome for outcome in outcomes})

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        self._enter(outcomes)

    def _enter(self, outcomes: Mapping[Genome, Outcome]) -> None:
        told = {**self._archive, **outcomes}
        keep = constrained_front(
            [o.vector for o in told.values()], [o.violation for o in told.values()]
        )
        self._archive = {
            genome: outcome
            for (genome, outcome), is_kept in zip(told.items(), keep, strict=True)
            if is_kept
        }

    def _propose(self, count: int) -> list[Genome]:
        found: dict[str, Genome] = {}
        if self._num_told < NUM_FOUNDERS or not self._archive:
            return []
        while len(found) < count:
            if self._here not in self._archive and not self._move():
                break
            genome = next(self._steps, None)
            if genome is None:
                self._here = None
            elif self._is_new(key := self.problem.key(genome)):
                found.setdefault(key, genome)
        self._add_children(found, count=count)
        return list(found.values())

    def _move(self) -> bool:
        """Move to an unexplored member; return False if there is none."""
        unexplored = [genome for genome in self._archive if genome not in self._explored]
        if not unexplored:
            return False
        self._here = self._rng.choice(unexplored)
        self._explored.add(self._here)
        self._steps = neighbours(self._here, self.problem, rng=self._rng)
        return True

    def _add_children(self, found: dict[str, Genome], *, count: int) -> None:
        members = list(self._archive)
        for _ in range(MAX_ATTEMPTS * (count - len(found))):
            if len(found) >= count:
                break
            mother, father = self._rng.choice(members), self._rng.choice(members)
            child, _ = vary(mother, father, self.problem, rng=self._rng)
            if self._is_new(key := self.problem.key(child)):
                found.setdefault(key, child)
