"""SMS-EMOA: the last front loses its smallest hypervolume contributors (Beume et al. 2007)."""

from typing import ClassVar, final

from pymoo.algorithms.moo.sms import (
    SMSEMOA,
    LeastHypervolumeContributionSurvival,
    cv_and_dom_tournament,
)
from pymoo.core.algorithm import Algorithm
from pymoo.operators.selection.tournament import TournamentSelection

from evonas.search.pymoo_engines.pymoo_search import AbstractPymooSearch


@final
class SmsEmoa(AbstractPymooSearch):
    """Selection by hypervolume; steady state in the paper, with one child at a time."""

    name: ClassVar[str] = "smsemoa"
    title: ClassVar[str] = "survival by rank and contribution to the hypervolume"
    source: ClassVar[str] = "Beume, Naujoks and Emmerich 2007"
    min_objectives: ClassVar[int] = 2

    def _algorithm(self) -> Algorithm:
        return SMSEMOA(
            pop_size=self.population,
            mating=self._mating(TournamentSelection(func_comp=cv_and_dom_tournament)),
            survival=LeastHypervolumeContributionSurvival(),
            # its own normalisation includes failed candidates; without it the survival operator,
            # which sees no failures, normalises by parents and children together
            normalize=False,
        )
