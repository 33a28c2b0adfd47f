"""Random search without repetition: the control that every other search must beat."""

from collections.abc import Sequence
from typing import ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.space import Genome


@final
class RandomSearch(AbstractSearch):
    """Uniform sampling of genotypes, skipping those asked for before.

    It proposes nothing itself, so :meth:`ask` fills every place at random.
    """

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "uniform over genotypes, without repetition: the control"
    source: ClassVar[str] = ""

    def _propose(self, count: int) -> list[Genome]:  # noqa: ARG002
        return []

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        pass
