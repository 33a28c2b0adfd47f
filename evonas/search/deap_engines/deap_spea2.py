"""SPEA2: survival by strength and by the distance to neighbours (Zitzler et al. 2001)."""

from collections.abc import Sequence
from typing import ClassVar, final

from deap import tools

from evonas.search.deap_engines.deap_search import AbstractDeapSearch, Individual


@final
class DeapSpea2(AbstractDeapSearch):
    """The archive serves as the population, selected by DEAP's ``selSPEA2``.

    DEAP does not keep the survivors' strength values, so a tournament for parents is decided by
    dominance, and by chance if neither dominates.
    """

    name: ClassVar[str] = "deap-spea2"
    title: ClassVar[str] = "survival by strength and distance, with DEAP's selection"
    source: ClassVar[str] = "Zitzler, Laumanns and Thiele 2001"

    def _select(self, individuals: list[Individual], count: int) -> list[Individual]:
        return list(tools.selSPEA2(individuals, count))

    def _parent(self, members: Sequence[Individual]) -> Individual:
        one, other = self._rng.sample(members, k=2)
        return other if other.beats(one) else one
