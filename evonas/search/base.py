"""The ask-and-tell contract of every search (after evosax).

A search sees genomes and vectors to minimise, never a network. Its next ask depends only on its
seed, the asks so far and the results between them. Results told between two asks are sorted and
learned at the second one, so neither their order nor their grouping matters. So one worker and
eight give the same search, and a study can resume by replaying its journal.
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
"""Largest share of a population that may be founders, which may be good at something else."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one genome.

    Attributes:
        position: number of genomes asked before it.
        genome: in canonical form.
        vector: the objectives, to be minimised; ``None`` if the candidate failed or violated a
            constraint.
        violation: constraint violation: 0 if feasible, otherwise the smaller the better, infinite
            for a failure. An engine that ignores it treats every ``None`` as a failure.
    """

    position: int
    genome: Genome
    vector: Vector | None
    violation: float


class AbstractSearch(ABC):
    """The base class of searches: it proposes genomes and learns from their results.

    Subclasses implement :meth:`_propose` and :meth:`_learn`; this class enforces the contract.

    Args:
        problem: the space.
        population: number of genomes that the algorithm keeps, and size of a generation.
        num_objectives: the length of every vector.
        seed: equal seeds and equal results give equal asks.

    Attributes:
        name: name for ``--algorithm``.
        title: description in one line.
        source: its paper.
        is_sequential: whether it learns from every single result and so works best when asked for
            one genome at a time; others lose little when asked for a whole generation.
        has_model: whether it fits a model of results, which can use signals.
        min_objectives: minimum number of objectives.
        max_objectives: maximum number of objectives; None for any number.
        package: optional package that it needs.

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
        """Number of genomes asked so far."""
        return len(self._asked)

    @property
    def in_flight(self) -> tuple[Genome, ...]:
        """Genomes asked but not yet told, oldest first."""
        return tuple(genome for key, genome in self._asked.items() if key not in self._told)

    @property
    def asked_keys(self) -> tuple[str, ...]:
        """The keys of all genomes asked, in order."""
        return tuple(self._asked)

    @property
    def relevance(self) -> list[Relevance]:
        """Relevance of signals, from the model's last fit; empty without a model or signals."""
        return []

    def has_asked(self, key: str) -> bool:
        """Whether a genome with this key was asked."""
        return key in self._asked

    def adopt(self, genomes: Sequence[Genome]) -> None:
        """Register genomes proposed from outside as asked; they are told like others.

        Args:
            genomes: canonical, with new, distinct keys.

        Raises:
            ValueError: one was asked before.
        """
        for genome in genomes:
            key = self.problem.key(genome)
            if self.has_asked(key):
                raise ValueError(f"{genome} was asked for before")
            self._note(key, genome)

    def ask(self, count: int) -> list[Genome]:
        """Propose canonical genomes that were never asked before.

        Args:
            count: number of genomes, at least 1.

        Returns:
            ``count`` genomes; fewer, or none, if the space has no more new ones. If the algorithm
            proposes too few, uniformly random new genomes are added. The founders of an informed
            problem come first.
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
        """Tell the results of asked genomes, in any order, in one or several calls.

        Args:
            genomes: genomes from :meth:`ask`, each told once.
            vectors: objectives of each, to be minimised, or ``None`` if it failed or violated a
                constraint.
            violations: constraint violation of each, infinite for a failure; if omitted, every
                ``None`` is a failure.

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
        """Replace values of genomes told before, for example by means of more trainings.

        Takes effect immediately, so call it between two asks, where the values depend only on
        results. An engine revises genomes that it still keeps; what it has already learned from
        old values stays.

        Args:
            genomes: genomes told before.
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
        """Outcomes by key, for distinct genomes that were asked."""
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
        """Learn from results since the last ask, sorted by the order of asking."""

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:  # noqa: B027
        """Replace kept outcomes of the same genomes; does nothing by default."""

    def _is_new(self, key: str) -> bool:
        return key not in self._asked

    def _note(self, key: str, genome: Genome) -> None:
        self._positions[key] = len(self._asked)
        self._asked[key] = genome


def or_failures(
    violations: Sequence[float] | None, vectors: Sequence[Vector | None]
) -> Sequence[float]:
    """The violations; if not given, every ``None`` among the vectors is a failure."""
    if violations is not None:
        return violations
    return [0.0 if vector is not None else math.inf for vector in vectors]


def check_result(
    what: object, vector: Vector | None, violation: float, *, num_objectives: int
) -> None:
    """Refuse an impossible result.

    Raises:
        ValueError: the vector has the wrong length or is not finite, or the violation contradicts
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
