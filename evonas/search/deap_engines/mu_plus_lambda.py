"""(mu + lambda) evolution: a child is crossed or mutated, parents and children compete."""

from collections.abc import Sequence
from typing import ClassVar, final

from deap import tools

from evonas.search.deap_engines.deap_search import AbstractDeapSearch, Individual
from evonas.search.deap_engines.rank_and_crowding import by_rank_and_crowding
from evonas.search.variation import crossed, mutated
from evonas.space import Genome

CROSSOVER_RATE = 0.5


@final
class MuPlusLambda(AbstractDeapSearch):
    """The simplest engine (Beyer and Schwefel 2002): DEAP's ``eaMuPlusLambda`` with ``varOr``.

    Parents are drawn uniformly. A pair is either crossed, or one of it is mutated, never both.
    With one objective the best survive (``selBest``), with several the best by rank and crowding.
    """

    name: ClassVar[str] = "mu-plus-lambda"
    title: ClassVar[str] = "a child is crossed or mutated; parents and children compete"
    source: ClassVar[str] = "Beyer and Schwefel 2002"

    def _select(self, individuals: list[Individual], count: int) -> list[Individual]:
        if self.num_objectives == 1:
            return list(tools.selBest(individuals, count))
        return by_rank_and_crowding(individuals, count)

    def _parent(self, members: Sequence[Individual]) -> Individual:
        return self._rng.choice(members)

    def _children(self, mother: Genome, father: Genome) -> tuple[Genome, ...]:
        if self._rng.random() < CROSSOVER_RATE:
            return crossed(mother, father, self.problem, rng=self._rng)
        return (mutated(mother, self.problem, rng=self._rng),)
