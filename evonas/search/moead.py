"""MOEA/D: one subproblem for each direction, that learns from its neighbours (Zhang, Li 2007)."""

import random
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, final

import numpy as np
from pymoo.decomposition.pbi import PBI
from pymoo.decomposition.tchebicheff import Tchebicheff

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.pareto import Vector
from evonas.search.problem import Problem
from evonas.search.reference_directions import reference_directions
from evonas.search.variation import vary
from evonas.seeds import derive_seed
from evonas.space import Genome

NUM_NEIGHBOURS = 20
NEIGHBOUR_MATING_RATE = 0.9
MAX_ATTEMPTS = 20  # at a child that nobody has asked for


@final
class Moead(AbstractSearch):
    """The parallel form: a generation is bred at once, and replaces incumbents when it is told.

    Directions and decompositions are pymoo's: Tchebycheff for two objectives, PBI for more. Its
    algorithm is not: it must be told the children it bred, all of them, at once. Objectives are
    normalised to the ideal point and the worst of the incumbents (section V.E of the paper). A
    candidate that was not bred belongs to the subproblem that it solves best. One that failed
    replaces nobody.
    """

    name: ClassVar[str] = "moead"
    title: ClassVar[str] = "a subproblem for each direction; neighbours mate and replace"
    source: ClassVar[str] = "Zhang and Li 2007"
    min_objectives: ClassVar[int] = 2

    def __init__(
        self, problem: Problem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "moead"))
        self._directions = reference_directions(num_objectives, at_most=population)
        gaps = np.linalg.norm(self._directions[:, None] - self._directions, axis=2)
        self._neighbours = np.argsort(gaps, axis=1, kind="stable")[:, :NUM_NEIGHBOURS]
        self._decomposition = Tchebicheff() if num_objectives == 2 else PBI()
        self._founders: list[tuple[Genome, Vector]] = []
        self._incumbents: list[tuple[Genome, Vector]] = []
        self._ideal = np.full(num_objectives, np.inf)
        self._aims: dict[str, int] = {}

    @property
    def incumbents(self) -> tuple[Genome, ...]:
        """For each direction the best genome so far; empty until a population has succeeded."""
        return tuple(genome for genome, _ in self._incumbents)

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
            mother, father = (self._incumbents[i][0] for i in self._rng.sample(mates, k=2))
            for child in vary(mother, father, self.problem, rng=self._rng):
                key = self.problem.key(child)
                if self._is_new(key) and key not in taken:
                    return child
        return None

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        told = [(o.genome, o.vector) for o in outcomes if o.vector is not None]
        if not told:
            return
        # all of them before any replacement, as in a generation of the parallel form
        self._ideal = np.minimum(self._ideal, np.array([v for _, v in told]).min(axis=0))
        if not self._incumbents:
            self._founders += told
            if len(self._founders) >= self.population:
                vectors = [vector for _, vector in self._founders]
                best = self._values(vectors, scale=vectors).argmin(axis=0)
                self._incumbents = [self._founders[i] for i in best]
            return
        for genome, vector in told:
            held = [other for _, other in self._incumbents]
            values = self._values([vector], scale=held)[0]
            aim = self._aims.pop(self.problem.key(genome), int(values.argmin()))
            incumbent = self._values(held, scale=held).diagonal()
            for i in self._neighbours[aim]:
                if values[i] < incumbent[i]:
                    self._incumbents[i] = (genome, vector)

    def _values(self, vectors: Sequence[Vector], *, scale: Sequence[Vector]) -> Any:
        """How well each vector solves each subproblem, less being better: (vectors, directions).

        Args:
            vectors: to be judged.
            scale: whose worst values, with the ideal point, set the scale.
        """
        extent = np.max(scale, axis=0) - self._ideal
        normalised = (np.array(vectors) - self._ideal) / np.where(extent > 0, extent, 1.0)
        return self._decomposition.do(
            normalised,
            weights=self._directions,
            ideal_point=np.zeros(self.num_objectives),
            _type="many_to_many",
        )
