"""Searches that move one row of logits through the epochs of a supernet (BioNAS, ECAI 2025).

Hamzaoui and Baghdadi 2025, arXiv 2507.13485, choose operations and learning rules together by
DARTS and by EG-NAS. Here both are ordinary engines: before each ask the supernet learns for some
epochs, and the genomes that the logits then favour are proposed, to be trained and judged on their
own. A late collapse does not lose them, because they were proposed before it.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.problem import SearchProblem
from evonas.search.supernet_guided.guide_protocol import Guide, Logits
from evonas.search.supernet_guided.logits import LogitSpace
from evonas.search.supernet_guided.most_probable import most_probable
from evonas.space import Genome

MAX_CONSIDERED = 5_000  # maximum number of most probable genomes to consider in one ask
WARM_SHARE = 1.0 / 3.0  # share of warm-up epochs (weights only), as in EG-NAS and PC-DARTS


class AbstractRelaxedSearch(AbstractSearch):
    """Runs the epochs and derives genomes; a subclass moves the logits.

    The guide's epochs are spread evenly over ``num_candidates`` genomes; a longer run continues to
    learn at that pace. In the first third of the epochs only the weights learn, because untrained
    operations would lose to those without weights. Until the logits move, asks are random.

    Args:
        problem: search space.
        population: number of genomes in a generation.
        num_objectives: length of every vector; the logits follow the held-out loss alone.
        seed: equal seeds and equal guides give equal asks.
        guide: guide for the same space.
        num_candidates: number of genomes that will be asked for.
    """

    def __init__(
        self,
        problem: SearchProblem,
        *,
        population: int,
        num_objectives: int,
        seed: int,
        guide: Guide,
        num_candidates: int,
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self.seed = seed
        self.guide = guide
        self.space = LogitSpace(problem)
        self.logits: Logits = np.zeros(self.space.dimension)
        self.epoch = 0
        self._num_candidates = max(1, num_candidates)

    @property
    def num_warm_epochs(self) -> int:
        """Number of warm-up epochs, in which the logits stay fixed."""
        return round(self.guide.num_epochs * WARM_SHARE)

    @property
    def num_searching_steps(self) -> int:
        """Number of supernet steps in which the logits move, until its last epoch."""
        return max(1, self.guide.num_epochs - self.num_warm_epochs) * self.guide.num_steps

    @abstractmethod
    def _search_epoch(self) -> None:
        """Run one epoch of the weights, and move the logits."""

    def _candidates(self) -> Iterable[Genome]:
        """Yield genomes in the order in which to propose them."""
        return most_probable(self.space, self.logits)

    def _propose(self, count: int) -> list[Genome]:
        due = -(-self.guide.num_epochs * (self.num_asked + count) // self._num_candidates)
        while self.epoch < due:
            self._run_epoch()
        if not self.logits.any():
            return []  # all genomes are equally probable: random ones fill the gap
        chosen: dict[str, Genome] = {}
        for genome in islice(self._candidates(), MAX_CONSIDERED):
            canonical = self.problem.canonical(genome)
            key = self.problem.key(canonical)
            if not self.has_asked(key):
                chosen.setdefault(key, canonical)
            if len(chosen) == count:
                break
        return list(chosen.values())

    def _run_epoch(self) -> None:
        if self.epoch < self.num_warm_epochs:
            for _ in range(self.guide.num_steps):
                self.guide.learn_mixture(self.logits)
        else:
            self._search_epoch()
        self.epoch += 1

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        """Do nothing: as in the papers, only the supernet's held-out loss moves the logits."""
