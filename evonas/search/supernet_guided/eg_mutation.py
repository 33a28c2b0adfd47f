"""The operator of EG-NAS, corrected: a gradient and an evolution strategy breed from one parent.

Cai, Chen, Liu, Ling and Lai, AAAI 2024, doi 10.1609/aaai.v38i10.28993. Its released code draws
the same population for each of its samples, never uses the covariance that it adapts, and mixes
probabilities with logits. Here:

1. a parent becomes a row of logits, and the row moves down the slope of the held-out loss;
2. one CMA-ES, which lives as long as the search, samples around that point for some generations;
3. each sample is decoded to a genome, as every other row is, and the guide scores the genome;
4. the value to minimise is the loss plus a term of the sample's similarity to the point
   (:mod:`evonas.search.supernet_guided.similarity`), which is off by default
   (:data:`OFF_BY_DEFAULT`).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from evonas.registry import look_up
from evonas.search.problem import SearchProblem, draw
from evonas.search.supernet_guided.evolution_strategy import EvolutionStrategy
from evonas.search.supernet_guided.guide_protocol import Guide, Logits
from evonas.search.supernet_guided.logits import LogitSpace
from evonas.search.supernet_guided.similarity import ETA, TAU, similarity_term
from evonas.seeds import derive_seed
from evonas.space import Genome

PARTS: dict[str, str] = {
    "gradient": "the step of the parent down the slope",
    "cma": "the adaptation of the samples; without it they are normal around the point",
    "similarity": "the term of the similarity",
    "score": "the guide's scores; without them the order of the samples is random",
}
"""Parts of the operator that can be switched off."""

OFF_BY_DEFAULT = ("similarity",)
"""The similarity term outweighs the loss: of two near copies, the one less accurate than the
parent beats the more accurate one, unless their losses differ by eta. Measurements show that it
makes children worse (``benchmarks/RESULTS.md``)."""


@dataclass(frozen=True)
class EgSettings:
    """Parameters of the operator, named as in the paper where possible.

    Attributes:
        without: parts that are switched off, names of :data:`PARTS`.
        generations: generations of the evolution strategy for one parent.
        samples: number of samples per generation.
        changes: mean number of genes that a first sample changes.
        step: largest move of a logit down the slope, in standard deviations of the samples.
        eta: weight of the similarity term, in units of the loss.
        tau: difference of accuracies at which the similarity counts for three quarters.
    """

    without: tuple[str, ...] = ()
    generations: int = 3
    samples: int = 12
    changes: float = 2.0
    step: float = 1.0
    eta: float = ETA
    tau: float = TAU

    def __post_init__(self) -> None:
        for part in self.without:
            look_up(PARTS, part, kind="part of the EG operator")

    def has(self, part: str) -> bool:
        """Whether a part is switched on."""
        return part not in self.without


@final
class EgMutation:
    """Breeds children of a parent; the guide learns before the first child is asked for.

    Args:
        problem: search space.
        guide: guide for the same space.
        seed: seed of the genomes that the guide learns from, and of the samples.
        settings: parameters of the operator.
    """

    def __init__(
        self, problem: SearchProblem, guide: Guide, *, seed: int, settings: EgSettings
    ) -> None:
        self._problem = problem
        self._guide = guide
        self._settings = settings
        self._space = LogitSpace(problem)
        self._seed = seed
        self._rng = random.Random(derive_seed(seed, "eg"))
        self._strategy = EvolutionStrategy(
            self._space.dimension,
            sigma=1.0,
            num_samples=settings.samples,
            seed=derive_seed(seed, "samples"),
        )
        self._has_learned = False

    def children(
        self, parent: Genome, count: int, *, is_new: Callable[[str], bool]
    ) -> list[Genome]:
        """Breed at most ``count`` canonical genomes with new and distinct keys.

        Args:
            parent: canonical genome.
            count: number of children.
            is_new: whether the genome with a given key was never asked for.
        """
        self._learn_once()
        point = self._point(parent)
        self._strategy.move_to(point)
        best: dict[str, tuple[float, int, Genome]] = {}
        for _ in range(self._settings.generations):
            rows = self._rows(point)
            genomes = [self._space.decode(row) for row in rows]
            values = self._values(rows, genomes, point=point, parent=parent)
            if self._settings.has("cma"):
                self._strategy.learn(rows, values)
            for genome, value in zip(genomes, values, strict=True):
                key = self._problem.key(genome)
                if is_new(key) and (key not in best or value < best[key][0]):
                    order = best[key][1] if key in best else len(best)
                    best[key] = (value, order, genome)
        ranked = sorted(best.values(), key=lambda found: found[:2])
        return [genome for _, _, genome in ranked[:count]]

    def _learn_once(self) -> None:
        """Train the weights on uniformly random genomes, to favour none (Guo et al. 2020)."""
        if self._has_learned:
            return
        self._has_learned = True
        rng = random.Random(derive_seed(self._seed, "learning"))
        if self._settings.has("score") or self._settings.has("gradient"):
            for _ in range(self._guide.num_epochs * self._guide.num_steps):
                self._guide.learn_genome(draw(self._problem, rng=rng))

    def _point(self, parent: Genome) -> Logits:
        num_free = sum(len(gene.choices) > 1 for gene in self._problem.genes)
        rate = min(0.5, self._settings.changes / max(1, num_free))
        row = self._space.around(parent, rate=rate)
        if not self._settings.has("gradient"):
            return row
        slope = self._space.centred(self._guide.slope(row))
        steepest = float(np.abs(slope).max())
        return row - (self._settings.step / steepest) * slope if steepest > 0.0 else row

    def _rows(self, point: Logits) -> list[Logits]:
        rows = self._strategy.samples()
        if self._settings.has("cma"):
            return rows
        # the strategy never learns, so its samples are unit normal around its centre
        return [point + (row - self._strategy.centre) for row in rows]

    def _values(
        self, rows: Sequence[Logits], genomes: Sequence[Genome], *, point: Logits, parent: Genome
    ) -> list[float]:
        settings = self._settings
        if not settings.has("score"):
            return [self._rng.random() for _ in rows]
        values = []
        (before,) = self._guide.score([parent])  # scored once, then remembered
        for row, score in zip(rows, self._guide.score(genomes), strict=True):
            value = score.loss
            if settings.has("similarity"):
                value += similarity_term(
                    score,
                    before=before,
                    similarity=self._space.similarity(row, point),
                    eta=settings.eta,
                    tau=settings.tau,
                )
            values.append(value)
        return values
