"""MOEA/D: one subproblem per direction; neighbouring subproblems mate (Zhang, Li 2007)."""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, ClassVar, final

import numpy as np
from pymoo.decomposition.pbi import PBI
from pymoo.decomposition.tchebicheff import Tchebicheff

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.reference_directions import reference_directions
from evonas.search.variation import vary
from evonas.seeds import derive_seed
from evonas.space import Genome

NUM_NEIGHBOURS = 20
NEIGHBOUR_MATING_RATE = 0.9
MAX_ATTEMPTS = 20  # attempts at a child never asked for before


@final
class Moead(AbstractSearch):
    """The parallel form: children are bred in batches and replace incumbents once evaluated.

    Directions and decompositions are pymoo's: Tchebycheff for two objectives, PBI for more.
    pymoo's algorithm is not used, because it must be told exactly the children it bred, all at
    once. Objectives are normalised to the ideal point and the worst of the incumbents (section V.E
    of the paper). A candidate that was not bred here is assigned to the subproblem that it solves
    best. A failed candidate replaces nothing. In every subproblem, the smaller constraint
    violation wins first (Jain and Deb 2014).
    """

    name: ClassVar[str] = "moead"
    title: ClassVar[str] = "a subproblem for each direction; neighbours mate and replace"
    source: ClassVar[str] = "Zhang and Li 2007"
    min_objectives: ClassVar[int] = 2

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "moead"))
        self._directions = reference_directions(num_objectives, at_most=population)
        gaps = np.linalg.norm(self._directions[:, None] - self._directions, axis=2)
        self._neighbours = np.argsort(gaps, axis=1, kind="stable")[:, :NUM_NEIGHBOURS]
        self._decomposition = Tchebicheff() if num_objectives == 2 else PBI()
        self._founders: list[Outcome] = []
        self._incumbents: list[Outcome] = []
        self._ideal = np.full(num_objectives, np.inf)
        self._aims: dict[str, int] = {}

    @property
    def incumbents(self) -> tuple[Genome, ...]:
        """Best genome for each direction; empty until a population of founders has succeeded."""
        return tuple(outcome.genome for outcome in self._incumbents)

    def _propose(self, count: int) -> list[Genome]:
        children: dict[str, Genome] = {}
        is_stuck = not self._incumbents
        while len(children) < count and not is_stuck:
            aims = self._rng.sample(range(len(self._incumbents)), k=len(self._incumbents))
            bred = {aim: self._child(aim, taken=children) for aim in aims[: count - len(children)]}
            for aim, child in bred.items():
                if child is not None and (key := self.problem.key(child)) not in children:
                    children[key] = child
                    self._aims[key] = aim
            is_stuck = not any(bred.values())
        return list(children.values())

    def _child(self, aim: int, *, taken: Collection[str]) -> Genome | None:
        is_near = self._rng.random() < NEIGHBOUR_MATING_RATE
        mates = self._neighbours[aim].tolist() if is_near else range(len(self._incumbents))
        for _ in range(MAX_ATTEMPTS):
            mother, father = (self._incumbents[i].genome for i in self._rng.sample(mates, k=2))
            for child in vary(mother, father, self.problem, rng=self._rng):
                key = self.problem.key(child)
                if self._is_new(key) and key not in taken:
                    return child
        return None

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        told = [outcome for outcome in outcomes if math.isfinite(outcome.violation)]
        # update the ideal with all results before any replacement, as a parallel generation does
        for outcome in told:
            if outcome.vector is not None:
                self._ideal = np.minimum(self._ideal, outcome.vector)
        if self._incumbents:
            for outcome in told:
                self._replace_with(outcome)
            return
        self._founders += told
        if len(self._founders) >= self.population:
            self._incumbents = self._best_founders()

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        self._founders = [outcomes.get(outcome.genome, outcome) for outcome in self._founders]
        self._incumbents = [outcomes.get(outcome.genome, outcome) for outcome in self._incumbents]

    def _best_founders(self) -> list[Outcome]:
        """Return the best founder per direction; if too few are feasible, the least infeasible."""
        inside = [outcome for outcome in self._founders if outcome.vector is not None]
        if len(inside) < min(len(self._directions), self.population):
            nearest = sorted(self._founders, key=lambda outcome: outcome.violation)
            return list(islice(cycle(nearest), len(self._directions)))
        vectors = [outcome.vector for outcome in inside if outcome.vector is not None]
        return [inside[i] for i in self._values(vectors, scale=vectors).argmin(axis=0)]

    def _replace_with(self, child: Outcome) -> None:
        """Replace neighbouring incumbents with a larger violation, or an equal one but worse."""
        key = self.problem.key(child.genome)
        violations = [outcome.violation for outcome in self._incumbents]
        is_better = np.array(violations) > child.violation
        if child.vector is None:
            aim = self._aims.pop(key, int(np.argmax(violations)))
        else:
            # infeasible incumbents have no vector: the child's fills in, so it never beats itself
            held = [outcome.vector or child.vector for outcome in self._incumbents]
            values = self._values([child.vector], scale=held)[0]
            is_better |= values < self._values(held, scale=held).diagonal()
            aim = self._aims.pop(key, int(values.argmin()))
        for i in self._neighbours[aim]:
            if is_better[i]:
                self._incumbents[i] = child

    def _values(self, vectors: Sequence[Vector], *, scale: Sequence[Vector]) -> Any:
        """Return the scalarised value of each vector in each subproblem: (vectors, directions).

        Smaller is better.

        Args:
            vectors: vectors to score.
            scale: vectors whose worst values, with the ideal point, set the scale.
        """
        extent = np.max(scale, axis=0) - self._ideal
        normalised = (np.array(vectors) - self._ideal) / np.where(extent > 0, extent, 1.0)
        return self._decomposition.do(
            normalised,
            weights=self._directions,
            ideal_point=np.zeros(self.num_objectives),
            _type="many_to_many",
        )
