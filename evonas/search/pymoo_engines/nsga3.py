"""NSGA-III: the last front is filled from the least occupied reference directions (2014)."""

from typing import Any, ClassVar, final

import numpy as np
from pymoo.algorithms.moo.nsga3 import NSGA3, ReferenceDirectionSurvival
from pymoo.core.algorithm import Algorithm
from pymoo.operators.selection.tournament import TournamentSelection

from evonas.search.pymoo_engines.pymoo_search import AbstractPymooSearch
from evonas.search.reference_directions import reference_directions


@final
class Nsga3(AbstractPymooSearch):
    """The reference-direction form of NSGA-II, for many objectives (Deb and Jain 2014).

    The number of directions is at most the population, where the lattice allows it.
    """

    name: ClassVar[str] = "nsga3"
    title: ClassVar[str] = "survival by rank and reference directions"
    source: ClassVar[str] = "Deb and Jain 2014"
    min_objectives: ClassVar[int] = 2

    def _algorithm(self) -> Algorithm:
        directions = reference_directions(self.num_objectives, at_most=self.population)
        return NSGA3(
            directions,
            pop_size=max(self.population, len(directions)),
            mating=self._mating(TournamentSelection(func_comp=smaller_violation)),
            survival=ReferenceDirectionSurvival(directions),
        )


def smaller_violation(rows: Any, pairs: Any, *, random_state: Any, **_: Any) -> Any:
    """Return the parent of each pair with the smaller violation, or either one in a tie.

    pymoo's own function breaks ties with an unseeded generator.

    Args:
        rows: the pymoo population.
        pairs: row numbers in ``rows``, (tournaments, 2).
        random_state: NumPy generator.

    Returns:
        Row numbers, (tournaments, 1).
    """
    violations = rows.get("CV")[:, 0][pairs]
    either = random_state.integers(2, size=len(pairs))
    is_tied = violations[:, 0] == violations[:, 1]
    winners = np.where(is_tied, either, violations.argmin(axis=1))
    return pairs[np.arange(len(pairs)), winners][:, None]
