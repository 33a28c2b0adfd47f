"""Where candidates are evaluated."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from evonas.evaluation.evaluate import Protocol
from evonas.space import Genome, Space
from evonas.study.order import Result


class AbstractExecutor(ABC):
    """Where candidates are evaluated."""

    name: ClassVar[str]

    @abstractmethod
    def run(
        self, space: Space, genomes: Sequence[Genome], *, protocol: Protocol
    ) -> Iterator[Result]:
        """The result of each genome, in the order in which they become ready."""

    def close(self) -> None:  # noqa: B027 - most keep nothing running
        """End what it keeps running; it may be used again."""
