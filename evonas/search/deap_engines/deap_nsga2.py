"""NSGA-II with DEAP's selection, as a second implementation (Deb et al. 2002)."""

from collections.abc import Sequence
from typing import ClassVar, final

from evonas.search.deap_engines.deap_search import AbstractDeapSearch, Individual
from evonas.search.deap_engines.rank_and_crowding import by_rank_and_crowding


@final
class DeapNsga2(AbstractDeapSearch):
    """Survivors by ``selNSGA2``, parents by tournament of feasibility, dominance and crowding.

    DEAP's own tournament, ``selTournamentDCD``, only accepts populations of a multiple of four.
    """

    name: ClassVar[str] = "deap-nsga2"
    title: ClassVar[str] = "NSGA-II with DEAP's selection"
    source: ClassVar[str] = "Deb, Pratap, Agarwal and Meyarivan 2002"

    def _select(self, individuals: list[Individual], count: int) -> list[Individual]:
        return by_rank_and_crowding(individuals, count)

    def _parent(self, members: Sequence[Individual]) -> Individual:
        one, other = self._rng.sample(members, k=2)
        if other.beats(one):
            return other
        if one.beats(other) or one.violation:
            return one
        return max(one, other, key=lambda member: member.fitness.crowding_dist)
