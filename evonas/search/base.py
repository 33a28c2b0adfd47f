"""The ask-and-tell contract that every search keeps, whatever its algorithm (after evosax).

A search sees genomes and vectors to minimise, never a network. What it asks next depends only on
its seed, on the asks so far and on which results came between them: the results told between two
asks are sorted and learned at the second, so neither their order nor their grouping matters. That
makes one worker and eight agree, and lets a study resume by replaying its journal.
"""

import math
import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evonas.errors import ConfigError
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.signals import Relevance, founders_of
from evonas.search.unseen import UnseenGenomes
from evonas.seeds import derive_seed
from evonas.space import Genome

FOUNDER_SHARE = 0.25
"""Of a population, what may begin as founders: these may be good for something else."""


@dataclass(frozen=True)
class Outcome:
    """What became of one genome.

    Attributes:
        position: how many genomes had been asked before it.
        genome: in canonical form.
        vector: the objectives, to be minimised; ``None`` when the candidate failed or broke a
            constraint.
        violation: how far outside the constraints it is: 0 inside, the smaller the better
            outside, infinite for a failure. An engine that makes no use of it takes every ``None``
            for a failure.
    """

    position: int
    genome: Genome
    vector: Vector | None
    violation: float


class AbstractSearch(ABC):
    """Asks for genomes, is told how good they are, and asks better.

    Subclasses fill in :meth:`_propose` and :meth:`_learn`; this class keeps the promises.

    Args:
        problem: the space.
        population: how many genomes the algorithm keeps, and how many make a generation.
        num_objectives: the length of every vector.
        seed: equal seeds and equal results give equal asks.

    Attributes:
        name: as in ``--algorithm``.
        title: what it is, in a line.
        source: the paper it is from.
        is_sequential: whether it learns from every single result, so that it does best when asked
            for one genome at a time; the others lose little when asked for a generation.
        has_model: whether it learns a model of results, which signals can inform.
        min_objectives: how many objectives it needs.
        max_objectives: how many it can take; None for any number.
        package: package of an optional dependency that it needs.

    Raises:
        ConfigError: the population is smaller than two.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    is_sequential: ClassVar[bool] = False
    has_model: ClassVar[bool] = False
    min_objectives: ClassVar[int] = 1
    max_objectives: ClassVar[int | None] = None
    package: ClassVar[str | None] = None

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        if population < 2:
            raise ConfigError(f"population: expected at least 2, got {population}")
        if num_objectives < 1:
            raise ValueError(f"num_objectives: expected at least 1, got {num_objectives}")
        self.problem = problem
        self.population = population
        self.num_objectives = num_objectives
        self._asked: dict[str, Genome] = {}
        self._positions: dict[str, int] = {}
        self._told: set[str] = set()
        self._waiting: list[Outcome] = []
        self._promising = deque(founders_of(problem)[: max(1, int(FOUNDER_SHARE * population))])
        self._unseen = UnseenGenomes(problem, rng=random.Random(derive_seed(seed, "unseen")))

    @property
    def num_asked(self) -> int:
        """How many genomes were asked for."""
        return len(self._asked)

    @property
    def in_flight(self) -> tuple[Genome, ...]:
        """The genomes asked for and not yet told, oldest first: what a resumed study owes."""
        return tuple(genome for key, genome in self._asked.items() if key not in self._told)

    @property
    def asked_keys(self) -> tuple[str, ...]:
        """The keys of all genomes that were asked for, in that order."""
        return tuple(self._asked)

    @property
    def relevance(self) -> list[Relevance]:
        """What signals matter, by the model's last fit; empty without a model or signals."""
        return []

    def has_asked(self, key: str) -> bool:
        """Whether a genome with this key was asked for."""
        return key in self._asked

    def adopt(self, genomes: Sequence[Genome]) -> None:
        """Count genomes that somebody else proposed as asked for; they are told like others.

        Args:
            genomes: canonical, with new keys that differ from each other.

        Raises:
            ValueError: one was asked for before.
        """
        for genome in genomes:
            key = self.problem.key(genome)
            if self.has_asked(key):
                raise ValueError(f"{genome} was asked for before")
            self._note(key, genome)

    def ask(self, count: int) -> list[Genome]:
        """Canonical genomes that were never asked for.

        Args:
            count: how many, at least 1.

        Returns:
            ``count`` genomes; fewer, or none, when the space holds no more new ones. Where the
            algorithm has too few ideas of its own, uniformly random new genomes fill up. The
            founders of an informed problem come first.
        """
        if count < 1:
            raise ValueError(f"count: expected at least 1, got {count}")
        if self._waiting:
            outcomes = sorted(self._waiting, key=lambda outcome: outcome.position)
            self._waiting = []
            self._learn(outcomes)
        asked = []
        founders = [self._promising.popleft() for _ in range(min(count, len(self._promising)))]
        missing = count - len(founders)
        for genome in (*founders, *(self._propose(missing)[:missing] if missing else ())):
            key = self.problem.key(genome)
            if self._is_new(key):
                self._note(key, genome)
                asked.append(genome)
        for genome in self._unseen.draw(count - len(asked), is_new=self._is_new):
            self._note(self.problem.key(genome), genome)
            asked.append(genome)
        return asked

    def tell(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        *,
        violations: Sequence[float] | None = None,
    ) -> None:
        """What became of genomes that were asked for; in any order, in one call or in many.

        Args:
            genomes: genomes that :meth:`ask` gave, each told once.
            vectors: for each its objectives, to be minimised, or ``None`` when it failed or
                broke a constraint.
            violations: for each how far it is outside the constraints, infinite for a failure;
                when left out, every ``None`` is a failure.

        Raises:
            ValueError: the caller broke the contract; nothing of this call is learned.
        """
        told = self._checked(genomes, vectors, violations)
        for outcome in told.values():
            if self.problem.key(outcome.genome) in self._told:
                raise ValueError(f"{outcome.genome} was told twice")
        self._told.update(told)
        self._waiting.extend(told.values())

    def revise(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        *,
        violations: Sequence[float] | None = None,
    ) -> None:
        """Better values of genomes that were told before, such as means of more trainings.

        They take effect at once, so call it between two asks, where what it is given depends on
        nothing but results. An engine revises what it still keeps; what it has forgotten, and what
        it has learned from the old values, stays.

        Args:
            genomes: genomes that :meth:`tell` had.
            vectors: as in :meth:`tell`.
            violations: as in :meth:`tell`.

        Raises:
            ValueError: the caller broke the contract; nothing of this call is learned.
        """
        revised = self._checked(genomes, vectors, violations)
        for key in revised:
            if key not in self._told:
                raise ValueError(f"{self._asked[key]} was revised but never told")
        outcomes = {outcome.genome: outcome for outcome in revised.values()}
        self._waiting = [outcomes.pop(o.genome, o) for o in self._waiting]
        self._revise(outcomes)

    def _checked(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        violations: Sequence[float] | None,
    ) -> dict[str, Outcome]:
        """Outcomes by key, of genomes that were asked for and differ from each other."""
        if len(genomes) != len(vectors):
            raise ValueError(f"told {len(genomes)} genomes with {len(vectors)} vectors")
        violations = or_failures(violations, vectors)
        if len(genomes) != len(violations):
            raise ValueError(f"told {len(genomes)} genomes with {len(violations)} violations")
        told: dict[str, Outcome] = {}
        for genome, vector, violation in zip(genomes, vectors, violations, strict=True):
            key = self.problem.key(genome)
            if key not in self._asked:
                raise ValueError(f"{genome} was told but never asked for")
            if key in told:
                raise ValueError(f"{genome} was told twice")
            check_result(genome, vector, violation, num_objectives=self.num_objectives)
            told[key] = Outcome(self._positions[key], self._asked[key], vector, violation)
        return told

    @abstractmethod
    def _propose(self, count: int) -> list[Genome]:
        """At most ``count`` canonical genomes; repeats are dropped, and gaps filled at random."""

    @abstractmethod
    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        """Take in what was told since the last ask, sorted by the order of asking."""

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:  # noqa: B027
        """Put these in the place of what is still kept of the same genomes; by default nothing."""

    def _is_new(self, key: str) -> bool:
        return key not in self._asked

    def _note(self, key: str, genome: Genome) -> None:
        self._positions[key] = len(self._asked)
        self._asked[key] = genome


def or_failures(
    violations: Sequence[float] | None, vectors: Sequence[Vector | None]
) -> Sequence[float]:
    """The violations; where none are given, every ``None`` among the vectors is a failure."""
    if violations is not None:
        return violations
    return [0.0 if vector is not None else math.inf for vector in vectors]


def check_result(
    what: object, vector: Vector | None, violation: float, *, num_objectives: int
) -> None:
    """Refuse a result that no evaluation can have.

    Raises:
        ValueError: the vector is of another length or not finite, or the violation contradicts
            it; the message begins with ``what``.
    """
    if vector is not None:
        if len(vector) != num_objectives:
            raise ValueError(f"{what}: expected {num_objectives} objectives, got {len(vector)}")
        if not all(math.isfinite(value) for value in vector):
            raise ValueError(f"{what}: expected finite objectives, or None, got {vector}")
    if not violation >= 0 or (violation > 0) != (vector is None):
        raise ValueError(
            f"{what}: expected a violation of 0 beside a vector, above 0 beside None, "
            f"got {violation} beside {vector}"
        )
