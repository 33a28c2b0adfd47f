"""The pool of candidate genomes: bred by several operators, kept until they are asked for."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from evonas.search.model_guided.genome_features import Features, Rows
from evonas.search.model_guided.operator_credit import OperatorCredit
from evonas.search.neighbours import neighbours
from evonas.search.problem import SearchProblem, draw
from evonas.search.variation import vary
from evonas.space import Genome

OPERATORS = ("step", "cross", "climb", "random")
"""``step``: change one gene of a member of the front. ``cross``: cross two members and mutate.
``climb``: change one gene of a candidate that the model rates highly. ``random``: draw one."""

OFFERED = "offered"
"""Operator recorded for candidates from another source; it has no share of its own."""

CHILDREN_OF_ONE = 4
MAX_CANDIDATES = 1000


@dataclass(frozen=True)
class Candidate:
    """A genome that may be proposed.

    Attributes:
        genome: in canonical form.
        row: features of the genome, (columns,).
        operator: operator that made it.
    """

    genome: Genome
    row: Rows
    operator: str


@final
class Candidates:
    """The pool of candidates, by key.

    Args:
        problem: search space.
        features: features of the space.
        credit: shares of :data:`OPERATORS`.
        is_new: whether the genome with a given key was never asked for.
        rng: random generator of the operators.
    """

    def __init__(
        self,
        problem: SearchProblem,
        features: Features,
        credit: OperatorCredit,
        *,
        is_new: Callable[[str], bool],
        rng: random.Random,
    ) -> None:
        self._problem = problem
        self._features = features
        self._credit = credit
        self._is_new = is_new
        self._rng = rng
        self._pool: dict[str, Candidate] = {}

    def __len__(self) -> int:
        return len(self._pool)

    def all(self) -> list[Candidate]:
        """Return the candidates that were not asked for yet, oldest first."""
        self._pool = {key: one for key, one in self._pool.items() if self._is_new(key)}
        return list(self._pool.values())

    def keep(self, best: Sequence[Candidate]) -> None:
        """Keep only these candidates."""
        kept = {one.genome for one in best}
        self._pool = {key: one for key, one in self._pool.items() if one.genome in kept}

    def breed(self, count: int, *, front: Sequence[Genome], good: Sequence[Genome]) -> None:
        """Breed ``count`` children; those already known are dropped.

        Args:
            count: number of children.
            front: genomes to step from and to cross.
            good: genomes to climb from; if empty, the front is used.
        """
        made = 0
        new: dict[str, tuple[Genome, str]] = {}
        while made < count:
            operator = self._credit.draw(rng=self._rng)
            for child in self._children(operator, front, good or front):
                made += 1
                key = self._problem.key(child)
                if self._is_new(key) and key not in self._pool and key not in new:
                    new[key] = child, operator
                    self._credit.count_made(operator)
        self._add(new)

    def offer(self, genomes: Sequence[Genome]) -> list[Genome]:
        """Add canonical genomes from another source, and return those that were not known."""
        keyed = {self._problem.key(genome): (genome, OFFERED) for genome in genomes}
        new = {k: v for k, v in keyed.items() if self._is_new(k) and k not in self._pool}
        self._add(new)
        return [genome for genome, _ in new.values()]

    def _add(self, new: Mapping[str, tuple[Genome, str]]) -> None:
        """Add genomes and their operators by key."""
        rows = self._features.rows([genome for genome, _ in new.values()])
        for (key, (genome, operator)), row in zip(new.items(), rows, strict=True):
            self._pool[key] = Candidate(genome, row, operator)

    def _children(
        self, operator: str, front: Sequence[Genome], good: Sequence[Genome]
    ) -> Iterator[Genome]:
        rng, problem = self._rng, self._problem
        if operator == "random":
            for _ in range(CHILDREN_OF_ONE):
                yield problem.canonical(draw(problem, rng=rng))
        elif operator == "cross":
            for _ in range(CHILDREN_OF_ONE // 2):
                yield from vary(rng.choice(front), rng.choice(front), problem, rng=rng)
        else:
            parent = rng.choice(front if operator == "step" else good)
            # a fixed number of tries, even if the genome has no neighbour at all
            steps = neighbours(parent, problem, rng=rng)
            for _ in range(CHILDREN_OF_ONE):
                yield next(steps, parent)
