"""Adapter from DEAP's population algorithms to ask and tell (Fortin et al. 2012)."""

import math
import random
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from deap import base

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.pareto import Normaliser, Vector
from evonas.search.problem import SearchProblem
from evonas.search.variation import deap_draws_from, vary
from evonas.seeds import derive_seed
from evonas.space import Genome

MAX_MATING_ROUNDS = 20


class Individual:
    """What DEAP's selection expects; DEAP's own ``creator`` would define process-wide classes.

    Args:
        genome: in canonical form.
        vector: objectives, to be minimised; None outside the constraints.
        scaled: ``vector`` normalised to the current population, because DEAP measures distances
            in it; empty without a vector.
        violation: constraint violation.
    """

    def __init__(
        self, genome: Genome, vector: Vector | None, *, scaled: Vector, violation: float = 0.0
    ) -> None:
        self.genome = genome
        self.vector = vector
        self.violation = violation
        self.fitness = _fitness_class(len(scaled))(scaled)

    def beats(self, other: "Individual") -> bool:
        """Whether it has the smaller violation, or an equal one and dominates (Deb 2000)."""
        if self.violation != other.violation:
            return self.violation < other.violation
        return self.violation == 0.0 and bool(self.fitness.dominates(other.fitness))


class AbstractDeapSearch(AbstractSearch):
    """The adapter: the first ``population`` results come from random genomes, later ones are bred.

    Every new result competes with the current population for a place in the next. Infeasible
    candidates get the remaining places, smallest violation first. Failed candidates never enter,
    and do not count among the first.
    """

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rng = random.Random(derive_seed(seed, "deap"))
        self._members: list[Individual] = []

    @abstractmethod
    def _select(self, individuals: list[Individual], count: int) -> list[Individual]:
        """Select ``count`` survivors among the feasible individuals.

        Meanwhile DEAP draws from the search's own generator.
        """

    @abstractmethod
    def _parent(self, members: Sequence[Individual]) -> Individual:
        """Select one parent; draws from the search's own generator."""

    def _children(self, mother: Genome, father: Genome) -> tuple[Genome, ...]:
        return vary(mother, father, self.problem, rng=self._rng)

    @property
    def parents(self) -> tuple[Genome, ...]:
        """The current population."""
        return tuple(member.genome for member in self._members)

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        told = [(m.genome, m.vector, m.violation) for m in self._members]
        told += [(o.genome, o.vector, o.violation) for o in outcomes]
        inside = [(genome, vector) for genome, vector, _ in told if vector is not None]
        survivors: list[Individual] = []
        if inside:
            scale = Normaliser.fit([vector for _, vector in inside])
            individuals = [Individual(g, v, scaled=scale.normalised(v)) for g, v in inside]
            with deap_draws_from(self._rng):
                survivors = self._select(individuals, min(self.population, len(individuals)))
        outside = [
            Individual(genome, None, scaled=(), violation=violation)
            for genome, _, violation in told
            if 0.0 < violation < math.inf
        ]
        outside.sort(key=lambda individual: individual.violation)
        self._members = survivors + outside[: self.population - len(survivors)]

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        revised = [outcomes[m.genome] for m in self._members if m.genome in outcomes]
        if revised:
            self._members = [m for m in self._members if m.genome not in outcomes]
            self._learn(revised)  # select again among the same genomes, with the new values

    def _propose(self, count: int) -> list[Genome]:
        if len(self._members) < self.population:
            return []
        children: dict[str, Genome] = {}
        for _ in range(MAX_MATING_ROUNDS * count):
            if len(children) >= count:
                break
            mother, father = self._parent(self._members), self._parent(self._members)
            for child in self._children(mother.genome, father.genome):
                key = self.problem.key(child)
                if self._is_new(key):
                    children.setdefault(key, child)
        return list(children.values())[:count]


@cache
def _fitness_class(length: int) -> Any:
    return type("Fitness", (base.Fitness,), {"weights": (-1.0,) * length})
