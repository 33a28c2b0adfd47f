"""Adapter from pymoo's population algorithms to ask and tell (Blank and Deb 2020).

pymoo selects survivors and parents. It does not sample, vary or evaluate, and sees a genome only
as a row of integers.
"""

import math
import random
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
from pymoo.core.algorithm import Algorithm
from pymoo.core.evaluator import Evaluator
from pymoo.core.population import Population
from pymoo.core.problem import Problem as PymooProblem
from pymoo.core.selection import Selection
from pymoo.core.termination import NoTermination
from pymoo.problems.static import StaticProblem

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.problem import SearchProblem
from evonas.search.variation import vary
from evonas.seeds import derive_seed
from evonas.space import Genome

WORST = 1e30
"""Objective value of a failed candidate: worse than any real one, and safe to square.

NaN would sort into the first front, and an infinite value can keep a point non-dominated.
"""

MAX_MATING_ROUNDS = 20


class AbstractPymooSearch(AbstractSearch):
    """The adapter; subclasses choose the algorithm in :meth:`_algorithm`.

    The first ``population`` results come from random genomes and form the initial population.
    Every later ask breeds from the survivors, no matter how many results arrived in between: a
    whole generation, or a single one (steady state).
    """

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._rows = PymooProblem(
            n_var=len(problem.genes),
            n_obj=num_objectives,
            n_ieq_constr=1,  # the violation
            xl=0,
            xu=np.array([len(gene.choices) - 1 for gene in problem.genes]),
            vtype=int,
        )
        self._engine = self._algorithm()
        self._engine.setup(
            self._rows, seed=derive_seed(seed, "selection"), termination=NoTermination()
        )
        self._founders: list[Outcome] = []

    @abstractmethod
    def _algorithm(self) -> Algorithm:
        """Create the pymoo algorithm, with new operators: some keep state between runs."""

    @property
    def parents(self) -> tuple[Genome, ...]:
        """Population that the last ask bred from; empty before the first selection."""
        return tuple(map(_genome, self._engine.pop)) if self._engine.is_initialized else ()

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        if not self._engine.is_initialized:
            self._founders.extend(outcomes)
            if len(self._founders) < self.population:
                return
            founders = self._founders[: self.population]
            outcomes = self._founders[self.population :]
            self._engine.tell(infills=self._evaluated(founders))
        if outcomes:
            self._engine.tell(infills=self._evaluated(outcomes))

    def _revise(self, outcomes: Mapping[Genome, Outcome]) -> None:
        self._founders = [outcomes.get(outcome.genome, outcome) for outcome in self._founders]
        if not self._engine.is_initialized:
            return
        for individual in self._engine.pop:
            outcome = outcomes.get(_genome(individual))
            if outcome is not None:
                self._rate(individual, outcome)

    def _propose(self, count: int) -> list[Genome]:
        if not self._engine.is_initialized:
            return []
        self._engine.n_offsprings = count
        infills = self._engine.ask()
        if infills is None:
            self._engine.termination = NoTermination()  # pymoo has marked the old one as met
            return []
        return [_genome(individual) for individual in infills]

    def _rate(self, individual: Any, outcome: Outcome) -> None:
        individual.F = np.array(outcome.vector or (WORST,) * self.num_objectives, dtype=float)
        individual.G = np.array([min(outcome.violation, WORST)])

    def _mating(self, selection: Selection) -> "Mating":
        return Mating(self.problem, selection, is_new=self._is_new)

    def _evaluated(self, outcomes: Sequence[Outcome]) -> Population:
        F = [o.vector or (WORST,) * self.num_objectives for o in outcomes]
        G = [(min(o.violation, WORST),) for o in outcomes]
        rows = Population.new(X=np.array([o.genome.values for o in outcomes], dtype=int))
        results = StaticProblem(self._rows, F=np.array(F, dtype=float), G=np.array(G))
        return Evaluator().eval(results, rows)


@final
class Mating:
    """Replaces ``pymoo.core.mating.Mating``: the same selection, with our variation.

    pymoo's own class compares children only with the current population. Here a child must differ
    from every genome ever asked for, including candidates in flight.
    """

    def __init__(
        self, problem: SearchProblem, selection: Selection, *, is_new: Callable[[str], bool]
    ) -> None:
        self._problem = problem
        self._selection = selection
        self._is_new = is_new

    def do(
        self, rows: Any, survivors: Any, count: int, *, algorithm: Any, random_state: Any
    ) -> Any:
        """Breed at most ``count`` new children of parents that pymoo selects; a pymoo population.

        Args:
            rows: pymoo's view of the problem.
            survivors: pymoo population to select from.
            count: number of children.
            algorithm: pymoo algorithm, for its tournament.
            random_state: NumPy generator.
        """
        rng = random.Random(int(random_state.integers(2**63)))
        children: dict[str, Genome] = {}
        for _ in range(MAX_MATING_ROUNDS):
            pairs = self._selection.do(
                rows,
                survivors,
                math.ceil((count - len(children)) / 2),
                2,
                algorithm=algorithm,
                random_state=random_state,
            )
            for mother, father in pairs:
                for child in vary(_genome(mother), _genome(father), self._problem, rng=rng):
                    key = self._problem.key(child)
                    if self._is_new(key):
                        children.setdefault(key, child)
            if len(children) >= count:
                break
        chosen = list(children.values())[:count]
        if not chosen:
            return Population.empty()
        return Population.new(X=np.array([child.values for child in chosen], dtype=int))


def _genome(individual: Any) -> Genome:
    return Genome(tuple(individual.X.tolist()))
