"""Where candidates are evaluated."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

from evonas.evaluation.protocol import Protocol
from evonas.space import Genome, Space
from evonas.study.executors.order import Order, Result


class AbstractExecutor(ABC):
    """Where candidates are evaluated.

    It takes orders and hands out results, in the order in which they become ready.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def capacity(self) -> int:
        """How many candidates are evaluated at once; more may be ordered, and wait."""

    @abstractmethod
    def submit(self, order: Order) -> None:
        """Take an order; never waits for a result."""

    @abstractmethod
    def next_done(self) -> Result:
        """The next result, as soon as there is one.

        A candidate that fails, or whose worker dies, has a record as its result.

        Raises:
            ValueError: nothing was ordered whose result was not handed out yet.
        """

    @abstractmethod
    def close(self) -> None:
        """Give up what was ordered and is not done; the executor may be used again."""

    def run(
        self, space: Space, genomes: Sequence[Genome], *, protocol: Protocol
    ) -> Iterator[Result]:
        """The result of each genome, all the way, in the order in which they become ready."""
        for genome in genomes:
            self.submit(Order(space, genome, protocol))
        for _ in genomes:
            yield self.next_done()
