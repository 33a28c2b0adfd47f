"""BioNAS-EG: EG-NAS over operations and rules; SGD moves the weights, CMA-ES the logits.

After Hamzaoui and Baghdadi 2025 (whose code for it is not public) and Cai et al. 2024, with the
corrections of :mod:`evonas.search.supernet_guided.eg_mutation`: one CMA-ES throughout the search,
samples in logit space, the decoding that derives the genomes, and a similarity term without a
jump.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from evonas.search.supernet_guided.evolution_strategy import EvolutionStrategy
from evonas.search.supernet_guided.relaxed_search import AbstractRelaxedSearch
from evonas.search.supernet_guided.similarity import similarity_term
from evonas.seeds import derive_seed
from evonas.space import Genome

SAMPLES = 24  # samples per generation; one generation after each epoch
SIGMA = 1.0
STEP = 0.3  # step of the logits towards the best sample
KEPT = 3  # this many times the population of best samples are scored again before proposing


@final
class BionasEg(AbstractRelaxedSearch):
    """After each epoch of the weights: a generation of samples, and a step towards the best."""

    name: ClassVar[str] = "bionas-eg"
    title: ClassVar[str] = "operations and rules by an evolution strategy in a supernet"
    source: ClassVar[str] = "Hamzaoui and Baghdadi 2025, arXiv 2507.13485; Cai et al. 2024"

    @cached_property
    def _strategy(self) -> EvolutionStrategy:
        seed = derive_seed(self.seed, "samples")
        return EvolutionStrategy(self.space.dimension, sigma=SIGMA, num_samples=SAMPLES, seed=seed)

    @cached_property
    def _sampled(self) -> dict[str, tuple[float, Genome]]:
        """Latest loss of every sampled genome, by its key."""
        return {}

    def _search_epoch(self) -> None:
        for _ in range(self.guide.num_steps):
            self.guide.learn_mixture(self.logits)
        rows = self._strategy.samples()
        genomes = [self.space.decode(row) for row in rows]
        (before,) = self.guide.score([self.space.decode(self.logits)])
        values = []
        for row, genome, score in zip(rows, genomes, self.guide.score(genomes), strict=True):
            similarity = self.space.similarity(row, self.logits)
            values.append(
                score.loss + similarity_term(score, before=before, similarity=similarity)
            )
            self._sampled[self.problem.key(genome)] = score.loss, genome
        self._strategy.learn(rows, values)
        best = rows[int(np.argmin(values))]
        self.logits = self.space.centred((1.0 - STEP) * self.logits + STEP * best)

    def _candidates(self) -> Iterable[Genome]:
        """Yield the logits' own genome, then the best samples by current weights, then others."""
        new = [found for key, found in self._sampled.items() if not self.has_asked(key)]
        best = sorted(new, key=lambda found: (found[0], found[1]))[: KEPT * self.population]
        genomes = [self.space.decode(self.logits), *(genome for _, genome in best)]
        losses = [score.loss for score in self.guide.score(genomes)]
        ranked = sorted(zip(losses[1:], genomes[1:], strict=True))
        yield genomes[0]
        yield from (genome for _, genome in ranked)
        yield from super()._candidates()
