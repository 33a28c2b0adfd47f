"""The part of the engine contract that replicates need, and wrapped engines also satisfy."""

from collections.abc import Sequence
from typing import Protocol

from evonas.search.pareto import Vector
from evonas.search.problem import SearchProblem
from evonas.space import Genome


class AskAndTell(Protocol):
    """:class:`evonas.search.base.AbstractSearch`, or one wrapped with an extra operator."""

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
