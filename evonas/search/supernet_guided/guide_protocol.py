"""The contract :class:`Guide`: what a search can request from a weight-sharing model.

``evonas.evaluation`` satisfies it with a supernet, a test with a formula. A search decides what is
learned, in which order and how often, and draws whatever is random; a guide answers the same
questions with the same numbers.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evonas.space import Genome

Logits = NDArray[np.float64]
"""One number for every choice of every gene, gene by gene: (sum of the numbers of choices,)."""


class Score(Protocol):
    """A guide's score of one genome."""

    @property
    def loss(self) -> float:
        """Loss on held-out data, to be minimised; infinite if NaN."""

    @property
    def accuracy(self) -> float:
        """Accuracy on the same data, in [0, 1]."""


class Guide(Protocol):
    """A model with weights that all genomes share."""

    @property
    def num_steps(self) -> int:
        """How many steps of learning make an epoch."""

    @property
    def num_epochs(self) -> int:
        """How many epochs it is meant to learn for."""

    def learn_genome(self, genome: Genome, /) -> None:
        """One step of the weights of one genome, by the genome's rules."""

    def learn_mixture(self, logits: Logits, /) -> None:
        """One step of all weights, every gene in the shares that the softmax of its logits is."""

    def slope(self, logits: Logits, /) -> Logits:
        """The gradient of the held-out loss of the mixture in every logit."""

    def score(self, genomes: Sequence[Genome], /) -> Sequence[Score]:
        """Scores of genomes with the current weights, all on the same data."""
