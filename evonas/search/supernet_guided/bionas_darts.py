"""BioNAS-DARTS: bilevel search, first order, with factorised logits and guards against collapse.

DARTS (Liu, Simonyan and Yang 2019) alternates a step of the weights on training data with a step
of Adam on the logits, on validation data. As in BioNAS (Hamzaoui and Baghdadi 2025), rules are
chosen along with operations, but here in a softmax of their own, and by their hypergradient.

DARTS is known to collapse into skips and pools. Three inexpensive measures prevent this: warm-up
(see :mod:`evonas.search.supernet_guided.relaxed_search`); beta-decay, the slope of the logsumexp
of each gene's logits, whose weight grows over the search and which keeps any choice from running
away (Ye et al. 2022, arXiv 2203.01665, shown there on NAS-Bench-201; it does not depend on what an
operation is, so it also works for rules and user-defined operations); and proposals after every
generation, each judged by its own training. Monitoring the Hessian's eigenvalue (Zela et al. 2020)
would cost far more than the search.
"""

from functools import cached_property
from typing import ClassVar, final

import numpy as np

from evonas.search.supernet_guided.adam import Adam
from evonas.search.supernet_guided.relaxed_search import AbstractRelaxedSearch

TRAVEL = 6.0
"""How far Adam can move a logit in a whole search: the learning rate of DARTS, 3e-4, times its
20,000 steps. It is spread over the available steps, so that a short search also decides."""

BETA_DECAY = 0.5
"""Weight of beta-decay at the end, as a share of the mean absolute slope of the loss: Adam only
depends on ratios, so an absolute weight would mean something different for every loss."""


@final
class BionasDarts(AbstractRelaxedSearch):
    """The logits move down the slope of the held-out loss at every step of the weights."""

    name: ClassVar[str] = "bionas-darts"
    title: ClassVar[str] = "operations and rules by the gradient of a supernet"
    source: ClassVar[str] = "Hamzaoui and Baghdadi 2025, arXiv 2507.13485"

    @cached_property
    def _adam(self) -> Adam:
        rate = TRAVEL / self.num_searching_steps
        return Adam(rate=rate, first=0.5, second=0.999, weight_decay=1e-3)  # all but rate: DARTS

    def _search_epoch(self) -> None:
        for _ in range(self.guide.num_steps):
            self.guide.learn_mixture(self.logits)
            slope = self.space.centred(self.guide.slope(self.logits))
            share = min(1.0, self._adam.num_steps / self.num_searching_steps)
            weight = BETA_DECAY * share * float(np.abs(slope).mean())
            pull = self.space.centred(self.space.softmax(self.logits))
            self.logits = self._adam.step(self.logits, slope + weight * pull)
