"""Where candidates are evaluated."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from evonas.evaluation.protocol import Protocol
from evonas.space import Genome, Space
from evonas.study.executors.order import Order, Result


class AbstractExecutor(ABC):
    """Where candidates are evaluated.

    An executor takes orders and returns results in the order in which they finish.
    """

    @property
    @abstractmethod
    def capacity(self) -> int:
        """Number of candidates evaluated in parallel; further orders wait."""

    @abstractmethod
    def submit(self, order: Order) -> None:
        """Take an order; never waits for a result."""

    @abstractmethod
    def next_done(self) -> Result:
        """The next result, as soon as there is one.

        A candidate that fails, or whose worker dies, has a record as its result.

        Raises:
            ValueError: no order is pending.
        """

    @abstractmethod
    def close(self) -> None:
        """Drop unfinished orders; the executor can be used again."""

    def run(
        self, space: Space, genomes: Sequence[Genome], *, protocol: Protocol
    ) -> Iterator[Result]:
        """The result of each genome's full evaluation, in the order in which they finish."""
        for genome in genomes:
            self.submit(Order(space, genome, protocol))
        for _ in genomes:
            yield self.next_done()
