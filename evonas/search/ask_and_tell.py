"""What replicates ask of an engine: the part of the contract that a wrapped engine keeps too."""

from collections.abc import Sequence
from typing import Protocol

from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome


class AskAndTell(Protocol):
    """:class:`evonas.search.base.AbstractSearch`, or one with an operator beside it."""

    @property
    def problem(self) -> SearchProblem:
        """The space."""

    @property
    def num_objectives(self) -> int:
        """The length of every vector."""

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
