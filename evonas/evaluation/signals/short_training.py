"""Signals of a genome's network after a few steps of training by its own rules.

Rules that differ only in what they send look alike in an untrained network. After some steps they
do not: feedback that weights align with gives better updates (Lillicrap et al. 2016,
"Random synaptic feedback weights support error backpropagation for deep learning").
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import TrainingDiverged
from evonas.evaluation.data.images import Images, Traits, unit_pixels
from evonas.evaluation.signals.network_signals import (
    AbstractNetworkSignals,
    learned_and_judged,
    source_of,
)
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import train
from evonas.networks import Network, build
from evonas.rules.tools.alignment import alignment
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

NUM_STEPS, BATCH = 28, 32
NUM_JUDGED = 128  # images on which a signal is measured, not trained on
MOST_IMAGES = NUM_STEPS * BATCH + NUM_JUDGED  # 1,024; the digits have 1,078


@final
@dataclass(frozen=True)
class ShortTraining:
    """A network in training mode after a few steps, and images that it was not trained on.

    Attributes:
        network: network that learned by its own rules.
        images: (N, C, H, W), in [0, 1].
        labels: (N,).
    """

    network: Network
    images: Tensor
    labels: Tensor


def update_alignment(short: ShortTraining) -> float:
    """Cosine between update and true gradient, mean over the layers; NaN if none is defined."""
    angles = alignment(short.network, short.images, short.labels).values()
    known = [math.cos(math.radians(angle)) for angle in angles if math.isfinite(angle)]
    return statistics.mean(known) if known else math.nan


def early_loss(short: ShortTraining) -> float:
    """Cross-entropy in nats (as in Ru et al. 2021, arXiv 2006.04492, but on other images)."""
    with torch.no_grad():
        return float(F.cross_entropy(short.network(short.images), short.labels))


SHORT_TRAINING: dict[str, Callable[[ShortTraining], float]] = {
    "alignment": update_alignment,
    "early-loss": early_loss,
}
"""Signals of a short training, by name."""


@final
class ShortTrainingSignals(AbstractNetworkSignals):
    """Trains the genome's network for 28 steps of 32 images at the search's default rate.

    All networks have the same seed, so they see the same batches and share what initial weights
    they can. A training that diverges has no signal.

    Args:
        names: keys of ``SHORT_TRAINING``.
        space: space of the genomes at the size of the candidates.
        traits: traits of the images.
        images: at least four images; at most ``MOST_IMAGES`` are used, stratified by class.
        seed: seed of the weights, the feedback and the batches.
        cache: file for the signals; None for no file.
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
        self._space = space
        self._traits = traits
        self._seed = derive_seed(seed, "signals", "short training")
        self._lessons, self._judged = learned_and_judged(
            images, num_learned=NUM_STEPS * BATCH, num_judged=NUM_JUDGED, seed=self._seed
        )
        most = len(self._lessons)
        batch = min(BATCH, most)
        self._recipe = Recipe(epochs=-(-NUM_STEPS // (most // batch)), batch=batch)
        source = source_of(
            *(self._seed, self._recipe, space.spec, space.channels, space.cells),
            *(space.rule_choices, space.first_layer, space.readout),
            *(traits.num_classes, traits.mean, traits.std, traits.crop_padding, traits.flip),
            *(self._judged.labels.tolist(), self._lessons.labels.tolist()),
            pixels=torch.cat([self._judged.pixels, self._lessons.pixels]),
        )
        super().__init__(names, cache=SignalCache(cache, source=source))

    def _values(self, genome: Genome) -> tuple[int, ...]:
        return genome.values

    def _computed(self, names: Sequence[str], genome: Genome) -> dict[str, float]:
        network = build(
            self._space,
            genome,
            input_shape=self._traits.shape,
            num_classes=self._traits.num_classes,
            seed=self._seed,
            mean=self._traits.mean,
            deviation=self._traits.std,
        )
        try:
            train(
                network, self._lessons, traits=self._traits, recipe=self._recipe, seed=self._seed
            )
        except TrainingDiverged:
            return dict.fromkeys(names, math.nan)
        pixels = unit_pixels(self._judged.pixels)
        short = ShortTraining(network.train(), pixels, self._judged.labels)
        return {name: SHORT_TRAINING[name](short) for name in names}
