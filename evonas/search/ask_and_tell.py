"""The part of the engine contract that replicates need; wrapped engines fulfil it too."""

from collections.abc import Sequence
from typing import Protocol

from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome


class AskAndTell(Protocol):
    """An :class:`evonas.search.base.AbstractSearch`, or one combined with the EG operator."""

    @property
    def problem(self) -> SearchProblem:
        """Search space."""

    @property
    def num_objectives(self) -> int:
        """Length of every vector."""

    def ask(self, count: int, /) -> list[Genome]:
        """See :meth:`evonas.search.base.AbstractSearch.ask`."""

    def tell(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        /,
        *,
        violations: Sequence[float] | None = None,
    ) -> None:
        """See :meth:`evonas.search.base.AbstractSearch.tell`."""

    def revise(
        self,
        genomes: Sequence[Genome],
        vectors: Sequence[Vector | None],
        /,
        *,
        violations: Sequence[float] | None = None,
    ) -> None:
        """See :meth:`evonas.search.base.AbstractSearch.revise`."""
