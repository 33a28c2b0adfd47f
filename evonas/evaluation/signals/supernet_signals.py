"""Signals from a supernet: how well a genome does with weights that all genomes share.

The supernet learns one random genome at a time, as in Guo, Zhang, Mu, Heng, Liu, Wei and Sun 2020,
"Single Path One-Shot Neural Architecture Search with Uniform Sampling", arXiv 1904.00420.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import torch

from evonas.evaluation.data.images import Images, SearchData, Traits
from evonas.evaluation.signals.network_signals import (
    AbstractNetworkSignals,
    learned_and_judged,
    source_of,
)
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.evaluation.supernet.supernet_guide import SupernetGuide
from evonas.evaluation.training.recipe import Recipe
from evonas.networks.supernet import check_shareable
from evonas.rules import all_rules
from evonas.rules.tools.mixture import check_mixable
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

EPOCHS, BATCH = 25, 32
NUM_LEARNED = 768  # 24 steps per epoch, 600 in all
NUM_JUDGED = 256
SUPERNET_IMAGES = NUM_LEARNED + NUM_JUDGED  # 1,024; the digits have 1,078


@final
@dataclass(frozen=True)
class SupernetLosses:
    """Losses of a genome in a trained supernet, in nats, on images that it did not learn from.

    Attributes:
        shared: with the shared weights.
        after_step: after one training step by the genome's own rules.
    """

    shared: float
    after_step: float


SUPERNET: dict[str, Callable[[SupernetLosses], float]] = {
    "supernet-loss": lambda losses: losses.shared,
    "supernet-gain": lambda losses: losses.shared - losses.after_step,
}
"""Signals of a supernet, by name."""


def check_supernet(space: Space) -> None:
    """Reject a space whose genomes cannot share the weights of a supernet.

    Raises:
        SpaceError: genomes choose widths, depths, the activation or the normalisation.
        RuleError: a rule cannot share a layer with others.
    """
    check_shareable(space)
    check_mixable([all_rules()[name]() for name in space.rule_choices])


@final
class SupernetSignals(AbstractNetworkSignals):
    """Trains a supernet once, for 600 steps of random genomes, then scores every genome in it.

    The shared weights follow the exact gradient, because weights that learn by other rules at
    every step rank genomes at chance (``benchmarks/RESULTS.md``, guidance by a supernet). The
    supernet is trained when a genome is not in the cache.

    Args:
        names: keys of ``SUPERNET``.
        space: space of the genomes at the size of the candidates.
        traits: traits of the images.
        images: at least four images; at most ``SUPERNET_IMAGES`` are used, stratified by class.
        seed: seed of the weights, the batches and the genomes that they learn.
        cache: file for the signals; None for no file.

    Raises:
        SpaceError: see :func:`check_supernet`.
        RuleError: see :func:`check_supernet`.
    """

    def __init__(
        self,
        names: Sequence[str],
        space: Space,
        *,
        traits: Traits,
        images: Images,
        seed: int,
        cache: Path | None,
    ) -> None:
        check_supernet(space)
        self._space = space
        self._seed = derive_seed(seed, "signals", "supernet")
        parts = learned_and_judged(
            images, num_learned=NUM_LEARNED, num_judged=NUM_JUDGED, seed=self._seed
        )
        self._data = SearchData(traits, *parts)
        self._recipe = Recipe(epochs=EPOCHS, batch=min(BATCH, len(parts[0])))
        source = source_of(
            *(self._seed, self._recipe, space.spec, space.channels, space.cells),
            *(space.rule_choices, space.first_layer, space.readout),
            *(traits.num_classes, traits.mean, traits.std, traits.crop_padding, traits.flip),
            *(part.labels.tolist() for part in parts),
            pixels=torch.cat([part.pixels for part in parts]),
        )
        super().__init__(names, cache=SignalCache(cache, source=source))

    @cached_property
    def _guide(self) -> SupernetGuide:
        guide = SupernetGuide(self._space, self._data, recipe=self._recipe, seed=self._seed)
        rng = random.Random(derive_seed(self._seed, "genomes"))
        for _ in range(EPOCHS * guide.num_steps):
            guide.learn_genome(self._space.canonical(self._space.sample(rng)))
        return guide

    def _values(self, genome: Genome) -> tuple[int, ...]:
        return genome.values

    def _computed(self, names: Sequence[str], genome: Genome) -> dict[str, float]:
        losses = SupernetLosses(self._loss(genome, 0), self._loss(genome, 1))
        return {name: SUPERNET[name](losses) for name in names}

    def _loss(self, genome: Genome, num_steps: int) -> float:
        self._guide.unrolled = num_steps
        (score,) = self._guide.score([genome])
        return score.loss
