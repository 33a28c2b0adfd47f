"""What a search needs from a weight-sharing model of its space; :class:`Guide` is the contract.

``evonas.evaluation`` implements it with a supernet, a test with a formula. The search decides what
is learned, in which order and how often, and makes all random draws; a guide is deterministic and
gives equal answers to equal calls.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evonas.space import Genome

Logits = NDArray[np.float64]
"""One number per choice of every gene, gene by gene: (total number of choices,)."""


class Score(Protocol):
    """Score of one genome by a guide."""

    @property
    def loss(self) -> float:
        """Loss on held-out data, to be minimised; infinite if it is not a number."""

    @property
    def accuracy(self) -> float:
        """Accuracy on the same data, in [0, 1]."""


class Guide(Protocol):
    """A model whose weights are shared by all genomes."""

    @property
    def num_steps(self) -> int:
        """Number of learning steps per epoch."""

    @property
    def num_epochs(self) -> int:
        """Number of epochs to learn for."""

    def learn_genome(self, genome: Genome, /) -> None:
        """Train the weights of one genome for one step, by the genome's rules."""

    def learn_mixture(self, logits: Logits, /) -> None:
        """Train all weights for one step, each gene mixed by the softmax of its logits."""

    def slope(self, logits: Logits, /) -> Logits:
        """Return the gradient of the mixture's held-out loss with respect to the logits."""

    def score(self, genomes: Sequence[Genome], /) -> Sequence[Score]:
        """Score the genomes with the current weights, all on the same data."""
