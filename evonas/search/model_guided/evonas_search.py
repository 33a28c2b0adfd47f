"""The engine of this project: an evolutionary loop whose children are selected by a model.

Operators breed many children of the front. A Gaussian process predicts their objectives, and a
batch of those with the largest expected gain in dominated hypervolume is asked for. The components
are known: Bayesian optimisation of architectures (White, Neiswanger and Savani 2021, BANANAS),
batches by joint draws (Wilson, Hutter and Deisenroth 2018), hypervolume by directions (Golovin and
Zhang 2020), neighbours of the front (Paquete and others 2004), operator credit.
"""

import math
import random
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.model_guided.candidates import (
    MAX_CANDIDATES,
    OFFERED,
    OPERATORS,
    Candidate,
    Candidates,
)
from evonas.search.model_guided.genome_features import Features
from evonas.search.model_guided.improvement import Frontier, directions
from evonas.search.model_guided.operator_credit import OperatorCredit
from evonas.search.model_guided.surrogate import Surrogate
from evonas.search.pareto import constrained_front, non_dominated
from evonas.search.problem import SearchProblem
from evonas.search.signals import Relevance
from evonas.seeds import derive_seed
from evonas.space import Genome

Array = NDArray[np.float64]

NUM_FOUNDERS = 10
CHILDREN_PER_PLACE = 15
MIN_CHILDREN = 30
GENES_PER_PLACE = 400
"""Longer genomes get fewer children per place: the cost of a child grows with its genes."""

NUM_MARGINAL_DRAWS = 8
NUM_JOINT_DRAWS = 48
SHORTLIST = 300
GENES_IN_POOL = 30_000
"""Limits the pool of candidates likewise; a full shortlist is always kept."""

RESULTS_PER_STALE_RESULT = 25
"""A plan is renewed once new results exceed one per this many results that it knows."""

NEAR, WIDE = 1.1, 3.0
"""Reference points, in spans of the front: one for improving the front, one for extending it
beyond its current ends, which early in a search are far from those of the true front."""

WIDE_SHARE = 0.4


@final
class EvonasSearch(AbstractSearch):
    """Model-guided evolution on any space, for any number of objectives.

    Attributes:
        credit: number of candidates that each operator made, and how successful they were.
    """

    name: ClassVar[str] = "evonas"
    title: ClassVar[str] = "children of several operators, chosen in batches by a Gaussian process"
    source: ClassVar[str] = "this project"
    has_model: ClassVar[bool] = True

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self.credit = OperatorCredit(OPERATORS)
        self._features = Features(problem)
        self._surrogate = Surrogate(self._features, num_objectives=num_objectives)
        self._generator = np.random.default_rng(derive_seed(seed, "draws"))
        self._candidates = Candidates(
            problem,
            self._features,
            self.credit,
            is_new=self._is_new,
            rng=random.Random(derive_seed(seed, "operators")),
        )
        num_genes = max(1, sum(len(gene.choices) > 1 for gene in problem.genes))
        self._num_children = min(CHILDREN_PER_PLACE, max(1, GENES_PER_PLACE // num_genes))
        self._num_kept = min(MAX_CANDIDATES, max(SHORTLIST, GENES_IN_POOL // num_genes))
        self._outcomes: list[Outcome] = []
        self._rows: list[Array] = []
        self._operators: dict[Genome, str] = {}
        self._plan: list[Candidate] = []
        self._num_planned = 0
        self._num_stale = 0

    @property
    def relevance(self) -> list[Relevance]:
        """Importance of each signal, by the model of the last plan."""
        return self._surrogate.relevance()

    def consider(self, genomes: Sequence[Genome]) -> list[Genome]:
        """See :meth:`AbstractSearch.consider`; they take part from the next plan on."""
        return self._candidates.offer(genomes)

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes += outcomes
        self._rows += list(self._features.rows([outcome.genome for outcome in outcomes]))
        self._num_stale += len(outcomes)
        front = set(self._front())
        for outcome in outcomes:
            if outcome.genome in self._operators:
                operator = self._operators.pop(outcome.genome)
                self.credit.count_result(operator, entered=outcome.genome in front)

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        self._outcomes = [outcomes.get(outcome.genome, outcome) for outcome in self._outcomes]

    def _propose(self, count: int) -> list[Genome]:
        front = self._front()
        if len(self._outcomes) < NUM_FOUNDERS or not front:
            return []
        patience = len(self._outcomes) // RESULTS_PER_STALE_RESULT
        if self._num_stale > patience or len(self._plan) < count:
            with threadpool_limits(1):  # another order of summation would round differently
                self._plan = self._planned(max(count, 1 + patience), front)
            self._num_stale = 0
        chosen, self._plan = self._plan[:count], self._plan[count:]
        self._operators.update((o.genome, o.operator) for o in chosen if o.operator != OFFERED)
        return [one.genome for one in chosen]

    def _front(self) -> list[Genome]:
        told = self._outcomes
        kept = constrained_front([o.vector for o in told], [o.violation for o in told])
        return [o.genome for o, is_kept in zip(self._outcomes, kept, strict=True) if is_kept]

    def _planned(self, count: int, front: list[Genome]) -> list[Candidate]:
        values = self._values()
        self._surrogate.learn(np.array(self._rows), values)
        frontiers = self._frontiers(values)
        wanted = max(MIN_CHILDREN, self._num_children * count)
        normal = self._generator.standard_normal((NUM_MARGINAL_DRAWS, self.num_objectives))
        gains = np.zeros((len(frontiers), 0))
        good: list[Genome] = []
        for _ in range(2):
            self._candidates.breed(wanted // 2, front=front, good=good)
            pool = self._candidates.all()
            new = self._gains(pool[gains.shape[1] :], frontiers, normal)
            gains = np.hstack([gains, new])
            ranked = [pool[place] for place in _in_turns(gains)]
            good = [one.genome for one in ranked[: 2 * count]]
        self._candidates.keep(ranked[: self._num_kept])
        return self._chosen(ranked[:SHORTLIST], count, frontiers)

    def _values(self) -> Array:
        """Return all results as the model learns them, (n, objectives).

        Infeasible results are placed beyond the worst feasible one in every objective, by a share
        of the span that grows with the violation. A failure counts as the largest violation.
        """
        inside = [outcome.vector for outcome in self._outcomes if outcome.vector is not None]
        known = np.array(inside or [(0.0,) * self.num_objectives])
        worst, span = known.max(axis=0), np.ptp(known, axis=0)
        span = np.where(span > 0.0, span, 1.0)
        violations = [o.violation for o in self._outcomes if math.isfinite(o.violation)]
        largest = max(violations, default=0.0)
        shares = [v / (1.0 + v) for v in (min(o.violation, largest) for o in self._outcomes)]
        return np.array(
            [
                worst + share * span if outcome.vector is None else outcome.vector
                for outcome, share in zip(self._outcomes, shares, strict=True)
            ]
        )

    def _frontiers(self, values: Array) -> list[Frontier]:
        front = values[non_dominated([tuple(value) for value in values])]
        span = np.ptp(front, axis=0)
        # replace zero spans by the spread of all results, and if that is zero too, by 1
        for other in (values.std(axis=0), np.ones(self.num_objectives)):
            span = np.where(span > 0.0, span, other)
        along = directions(self.num_objectives, generator=self._generator)
        references = (NEAR, WIDE) if self.num_objectives > 1 else (NEAR,)
        return [
            Frontier.of(front, span=span, reference=reference, along=along)
            for reference in references
        ]

    def _gains(
        self, candidates: Sequence[Candidate], frontiers: Sequence[Frontier], normal: Array
    ) -> Array:
        """Return the expected gain of each candidate; (frontiers, candidates)."""
        if not candidates:
            return np.zeros((len(frontiers), 0))
        drawn = self._surrogate.marginal_draws(np.array([one.row for one in candidates]), normal)
        return np.array([each.gains(drawn) for each in frontiers])

    def _chosen(
        self, shortlist: list[Candidate], count: int, frontiers: Sequence[Frontier]
    ) -> list[Candidate]:
        waiting = self.in_flight
        if not shortlist:
            return []
        rows = np.vstack([self._features.rows(waiting), [one.row for one in shortlist]])
        shape = (NUM_JOINT_DRAWS, len(rows), self.num_objectives)
        drawn = self._surrogate.joint_draws(rows, self._generator.standard_normal(shape))
        taken = tuple(range(len(waiting)))
        parts: list[list[int]] = []
        for frontier, number in zip(frontiers, self._split(count), strict=False):
            parts.append(frontier.choose(drawn, number, already=taken))
            taken += tuple(parts[-1])
        return [shortlist[place - len(waiting)] for place in _mixed(parts)]

    def _split(self, count: int) -> tuple[int, int]:
        """Return the numbers of places for the near and for the wide reference point."""
        if self.num_objectives == 1:
            return count, 0
        before = self._num_planned
        self._num_planned += count
        wide = int(self._num_planned * WIDE_SHARE) - int(before * WIDE_SHARE)
        return count - wide, wide


def _in_turns(gains: Array) -> list[int]:
    """Rank all candidates by gain, taking from the rows in turn."""
    orders = np.argsort(-gains, axis=1, kind="stable")
    return list(dict.fromkeys(orders.T.ravel().tolist()))


def _mixed(parts: Sequence[Sequence[int]]) -> list[int]:
    """Merge the parts in order, so that every prefix holds its share of each part."""
    shares = [((at + 0.5) / len(part), place) for part in parts for at, place in enumerate(part)]
    return [place for _, place in sorted(shares, key=lambda share: share[0])]
