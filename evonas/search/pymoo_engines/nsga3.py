"""NSGA-III: on the last front, members near unoccupied directions survive (2014)."""

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

    There are as many directions as the population allows, at most.
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
            mating=self._mating(TournamentSelection(func_comp=less_violation_or_any)),
            survival=ReferenceDirectionSurvival(directions),
        )


def less_violation_or_any(rows: Any, pairs: Any, *, random_state: Any, **_: Any) -> Any:
    """The parent of each pair that violates less, and either where both do alike.

    pymoo's own draws such a tie from a generator that nobody seeded.

    Args:
        rows: the pymoo population.
        pairs: its row numbers, (tournaments, 2).
        random_state: its NumPy generator.

    Returns:
        Row numbers, (tournaments, 1).
    """
    violations = rows.get("CV")[:, 0][pairs]
    either = random_state.integers(2, size=len(pairs))
    is_tied = violations[:, 0] == violations[:, 1]
    winners = np.where(is_tied, either, violations.argmin(axis=1))
    return pairs[np.arange(len(pairs)), winners][:, None]
