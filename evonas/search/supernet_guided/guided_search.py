"""Any evolutionary engine combined with the EG operator, with credit counted for both.

The engine is wrapped, not changed. An engine with a model gets the operator's children as further
candidates, and its model decides which are asked for. With any other engine a fixed share of the
asks are children of the operator; they are registered as asked for, and their results are told to
the engine like those of its own. The operator behind every genome is recorded, so that at the end
each can be judged by its children's results.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

from evonas.search.base import AbstractSearch
from evonas.search.pareto import Vector, constrained_front, non_dominated
from evonas.search.problem import SearchProblem
from evonas.search.results import or_failures
from evonas.search.signals import Relevance
from evonas.search.supernet_guided.eg_mutation import EgMutation
from evonas.seeds import derive_seed
from evonas.space import Genome

PLAIN, EG = "plain", "eg"


@dataclass(frozen=True)
class Credit:
    """Results of one operator.

    Attributes:
        asked: number of its children asked for, not counting founders.
        failed: number of its children that failed; violating constraints is not a failure.
        entered: number on the front of everything told, at the moment they were learned.
        on_front: number on the front now.
    """

    asked: int
    failed: int
    entered: int
    on_front: int


class OperatorRow(NamedTuple):
    """One candidate: its key, its operator, and its result; see :class:`Credit`."""

    key: str
    operator: str
    failed: bool
    entered_front: bool
    on_front: bool


class _Told(NamedTuple):
    genome: Genome
    vector: Vector | None
    violation: float


@final
class GuidedSearch:
    """Asks and tells as :class:`AbstractSearch` does.

    A share of each ask comes from the operator, the rest from the engine; with a model, the
    operator works as much, but what it breeds is only proposed to the model. The operator's
    parents are drawn from the front of all results, or from those with the smallest violation if
    none is feasible. If everything failed, it has no parents.

    Args:
        engine: new engine; it was not asked for anything yet.
        mutation: the EG operator, with the same problem.
        share: share of the operator in the asks, in (0, 1]. One parent is bred from for every
            ``children_per_parent`` places of that share.
        children_per_parent: number of children to breed at once from one parent.
        candidates_per_parent: the same for an engine with a model. One parent gives more children
            at no extra cost, and most are never asked for.
        seed: seed of the choice of parents.
    """

    def __init__(
        self,
        engine: AbstractSearch,
        mutation: EgMutation,
        *,
        seed: int,
        share: float = 0.5,
        children_per_parent: int = 2,
        candidates_per_parent: int = 12,
    ) -> None:
        self._engine = engine
        self._mutation = mutation
        self._share = share
        self._children_per_parent = children_per_parent
        self._candidates_per_parent = candidates_per_parent
        self._rng = random.Random(derive_seed(seed, "parents"))
        self._operators: dict[str, str] = {}
        self._told: dict[str, _Told] = {}
        self._waiting: dict[str, _Told] = {}
        self._entered: set[str] = set()
        self._proposed: set[str] = set()  # keys of what the operator offered to a model
        self._num_children = 0
        self._num_spent = 0  # places of the operator's share that were used

    @property
    def problem(self) -> SearchProblem:
        """Search space."""
        return self._engine.problem

    @property
    def num_objectives(self) -> int:
        """Length of every vector."""
        return self._engine.num_objectives

    @property
    def num_asked(self) -> int:
        """Number of genomes asked for so far."""
        return self._engine.num_asked

    @property
    def relevance(self) -> list[Relevance]:
        """See :attr:`AbstractSearch.relevance`."""
        return self._engine.relevance

    def ask(self, count: int) -> list[Genome]:
        """See :meth:`AbstractSearch.ask`."""
        self._learn()
        parents = self._parents()
        if not parents or self._engine.num_asked < self._engine.population:
            return self._engine.ask(count)  # random founders belong to no operator
        wanted = math.floor((self._num_children + count) * self._share) - self._num_spent
        places = min(max(wanted, 0), count)
        ask = self._ask_model if self._engine.has_model else self._ask_both
        asked = ask(parents, places, count)
        self._num_children += len(asked)
        for genome, operator in asked.items():
            self._operators[self._engine.problem.key(genome)] = operator
        return list(asked)

    def _ask_both(self, parents: Sequence[Genome], places: int, count: int) -> dict[Genome, str]:
        """Fill places with the operator's children, and the rest by the engine."""
        chosen = self._bred(parents, places)
        self._engine.adopt(chosen)
        self._num_spent += len(chosen)
        rest = self._engine.ask(count - len(chosen)) if len(chosen) < count else []
        return dict.fromkeys(chosen, EG) | dict.fromkeys(rest, PLAIN)

    def _ask_model(self, parents: Sequence[Genome], places: int, count: int) -> dict[Genome, str]:
        """Offer children of as many parents as the places would take, and let the model choose."""
        offered: dict[str, Genome] = {}
        num_parents = -(-places // self._children_per_parent)
        for _ in range(num_parents):
            offered |= self._children(parents, self._candidates_per_parent, besides=offered)
        key = self._engine.problem.key
        self._proposed |= {key(new) for new in self._engine.consider(list(offered.values()))}
        self._num_spent += num_parents * self._children_per_parent
        asked = self._engine.ask(count)
        return {genome: EG if key(genome) in self._proposed else PLAIN for genome in asked}

    def tell(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        *,
        violations: Sequence[float] | None = None,
    ) -> None:
        """See :meth:`AbstractSearch.tell`."""
        self._engine.tell(genomes, vectors, violations=violations)
        self._waiting |= self._by_key(genomes, vectors, violations)

    def revise(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        *,
        violations: Sequence[float] | None = None,
    ) -> None:
        """See :meth:`AbstractSearch.revise`; entries to the front stay counted."""
        self._engine.revise(genomes, vectors, violations=violations)
        for key, revised in self._by_key(genomes, vectors, violations).items():
            (self._waiting if key in self._waiting else self._told)[key] = revised

    def _by_key(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        violations: Sequence[float] | None,
    ) -> dict[str, _Told]:
        violations = or_failures(violations, vectors)
        return {
            self._engine.problem.key(genome): _Told(genome, vector, violation)
            for genome, vector, violation in zip(genomes, vectors, violations, strict=True)
        }

    def operator(self, genome: Genome) -> str | None:
        """Return the operator behind a genome, ``eg`` or ``plain``; None for a founder."""
        return self._operators.get(self._engine.problem.key(genome))

    def rows(self) -> list[OperatorRow]:
        """Return one row for every child of an operator, in the order of asking."""
        self._learn()
        front = self._front()
        return [
            OperatorRow(
                key=key,
                operator=operator,
                failed=key in self._told and math.isinf(self._told[key].violation),
                entered_front=key in self._entered,
                on_front=key in front,
            )
            for key, operator in self._operators.items()
        ]

    def credit(self) -> dict[str, Credit]:
        """Return the results of each operator so far."""
        rows = self.rows()
        return {
            operator: Credit(
                asked=sum(row.operator == operator for row in rows),
                failed=sum(row.operator == operator and row.failed for row in rows),
                entered=sum(row.operator == operator and row.entered_front for row in rows),
                on_front=sum(row.operator == operator and row.on_front for row in rows),
            )
            for operator in (EG, PLAIN)
        }

    def _bred(self, parents: Sequence[Genome], count: int) -> list[Genome]:
        chosen: dict[str, Genome] = {}
        for _ in range(2 * count):  # some parents have no new neighbours and give no children
            wanted = min(self._children_per_parent, count - len(chosen))
            if wanted <= 0:
                break
            chosen |= self._children(parents, wanted, besides=chosen)
        return list(chosen.values())

    def _children(
        self, parents: Sequence[Genome], count: int, *, besides: Mapping[str, Genome]
    ) -> dict[str, Genome]:
        """Breed up to ``count`` new genomes of one random parent, by key."""

        def is_new(key: str) -> bool:
            return not self._engine.has_asked(key) and key not in besides

        children = self._mutation.children(self._rng.choice(parents), count, is_new=is_new)
        return {self._engine.problem.key(child): child for child in children}

    def _learn(self) -> None:
        """Learn the results told since the last ask, sorted by the order of asking."""
        if not self._waiting:
            return
        order = {key: place for place, key in enumerate(self._engine.asked_keys)}
        for key in sorted(self._waiting, key=order.__getitem__):
            self._told[key] = self._waiting[key]
        # a later entry to the front is due to revised values of others, not to the operator
        self._entered |= self._front() & self._waiting.keys()
        self._waiting = {}

    def _front(self) -> set[str]:
        keys = list(self._told)
        kept = non_dominated([self._told[key].vector for key in keys])
        return {key for key, is_kept in zip(keys, kept, strict=True) if is_kept}

    def _parents(self) -> list[Genome]:
        told = list(self._told.values())
        keep = constrained_front([t.vector for t in told], [t.violation for t in told])
        return [t.genome for t, is_kept in zip(told, keep, strict=True) if is_kept]
