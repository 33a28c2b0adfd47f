"""The ask-and-tell contract that every search fulfils, whatever its algorithm (after evosax).

A search sees genomes and vectors to minimise, never a network. What it proposes next depends only
on its seed, the previous asks, and which results arrived between them. Results are buffered, and
sorted and learned at the next ask, so neither their order nor their grouping matters. One worker
and eight workers therefore agree, and a study resumes by replaying its journal.
"""

import random
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from evonas.errors import ConfigError
from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.search.results import check_result, or_failures
from evonas.search.signals import Relevance, founders_of
from evonas.search.unseen import UnseenGenomes
from evonas.seeds import derive_seed
from evonas.space import Genome

FOUNDER_SHARE = 0.25
"""Maximum share of a population taken from the founders, which may be good at something else."""


@dataclass(frozen=True)
class Outcome:
    """The result of one genome.

    Attributes:
        position: number of genomes asked for before this one.
        genome: in canonical form.
        vector: objectives, to be minimised; ``None`` if the candidate failed or violated a
            constraint.
        violation: constraint violation: 0 inside the constraints, infinite for a failure,
            otherwise smaller is better. Engines that ignore it treat every ``None`` as a failure.
    """

    position: int
    genome: Genome
    vector: Vector | None
    violation: float


class AbstractSearch(ABC):
    """A search engine: proposes genomes, receives their results, and proposes better ones.

    Subclasses implement :meth:`_propose` and :meth:`_learn`; this class enforces the contract.

    Args:
        problem: search space.
        population: number of genomes that the algorithm keeps, and the size of a generation.
        num_objectives: length of every vector.
        seed: equal seeds and equal results give equal asks.

    Attributes:
        name: name of the engine, as in ``--algorithm``.
        title: one-line description.
        source: paper that the algorithm is from.
        is_sequential: whether it learns from every single result, so that it does best when asked
            for one genome at a time; other engines lose little when asked for a whole generation.
        has_model: whether it fits a model of the results, which can use signals and choose among
            genomes from another source (:meth:`consider`).
        min_objectives: minimum number of objectives.
        max_objectives: maximum number of objectives; None for any number.
        package: optional dependency that it needs.

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
        """Number of genomes asked for so far."""
        return len(self._asked)

    @property
    def in_flight(self) -> tuple[Genome, ...]:
        """Genomes asked for but not yet told, oldest first; a resumed study must finish them."""
        return tuple(genome for key, genome in self._asked.items() if key not in self._told)

    @property
    def asked_keys(self) -> tuple[str, ...]:
        """Keys of all genomes asked for, in the order of asking."""
        return tuple(self._asked)

    @property
    def relevance(self) -> list[Relevance]:
        """Importance of each signal in the last fit; empty without a model or signals."""
        return []

    def has_asked(self, key: str) -> bool:
        """Whether a genome with this key was asked."""
        return key in self._asked

    def adopt(self, genomes: Sequence[Genome]) -> None:
        """Register genomes from another source as asked for; their results are told as usual.

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

    def consider(self, genomes: Sequence[Genome]) -> list[Genome]:
        """Add genomes from another source to those that the model chooses from in later asks.

        Args:
            genomes: canonical.

        Returns:
            Those that it had neither asked for nor bred itself.

        Raises:
            NotImplementedError: the engine has no model (see ``has_model``).
        """
        raise NotImplementedError(f"{self.name} has no model that could choose; use adopt")

    def ask(self, count: int) -> list[Genome]:
        """Propose canonical genomes that were never asked for before.

        Args:
            count: number of genomes, at least 1.

        Returns:
            ``count`` genomes; fewer, or none, if the space has no more new ones. If the algorithm
            proposes too few, uniformly random new genomes fill the gap. The founders of an
            informed problem come first.
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
        proposed = self._propose(missing)[:missing] if missing else []
        for genome in (*founders, *proposed):
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
        """Report results of genomes that were asked for, in any order, in one call or several.

        Args:
            genomes: genomes returned by :meth:`ask`, each told once.
            vectors: objectives of each genome, to be minimised; ``None`` if it failed or violated
                a constraint.
            violations: constraint violation of each genome, infinite for a failure. Without this
                argument, every ``None`` is a failure.

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
        """Replace results told before by better ones, such as means over more trainings.

        The new values take effect at once. Call this between two asks, with values that depend
        only on results. An engine revises the results it still holds; what it has discarded, and
        what it has already learned from the old values, stays as it is.

        Args:
            genomes: genomes passed to :meth:`tell` before.
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
        """Check the results; return outcomes by key. Genomes must be distinct and asked for."""
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
        """Return up to ``count`` canonical genomes; the caller drops repeats and fills gaps."""

    @abstractmethod
    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        """Learn the results told since the last ask, sorted by the order of asking."""

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:  # noqa: B027
        """Replace the results still held of these genomes; does nothing by default."""

    def _is_new(self, key: str) -> bool:
        return key not in self._asked

    def _note(self, key: str, genome: Genome) -> None:
        self._positions[key] = len(self._asked)
        self._asked[key] = genome
