"""NSGA-II: survival by rank and crowding, binary tournaments for parents (Deb et al. 2002)."""

from typing import ClassVar, final

from pymoo.algorithms.moo.nsga2 import NSGA2, binary_tournament
from pymoo.core.algorithm import Algorithm
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from evonas.search.pymoo_engines.pymoo_search import AbstractPymooSearch


@final
class Nsga2(AbstractPymooSearch):
    """The elitist non-dominated sorting genetic algorithm, over canonical genomes."""

    name: ClassVar[str] = "nsga2"
    title: ClassVar[str] = "survival by rank and crowding, parents by tournament"
    source: ClassVar[str] = "Deb, Pratap, Agarwal and Meyarivan 2002"

    def _algorithm(self) -> Algorithm:
        return NSGA2(
            pop_size=self.population,
            mating=self._mating(TournamentSelection(func_comp=binary_tournament)),
            survival=RankAndCrowding(),
        )
