"""Signals of a genome's untrained network, which describe its architecture alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import final

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.split import stratified_part
from evonas.evaluation.signals.genome_cost import RULE
from evonas.evaluation.signals.network_signals import AbstractNetworkSignals, source_of
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.evaluation.signals.untrained.gradient_norm import log_gradient_norm
from evonas.evaluation.signals.untrained.input_jacobian import log_input_jacobian
from evonas.evaluation.signals.untrained.jacobian_covariance import jacobian_covariance
from evonas.evaluation.signals.untrained.lipschitz import log_lipschitz
from evonas.evaluation.signals.untrained.naswot import naswot
from evonas.evaluation.signals.untrained.probe import Probe, Signal
from evonas.evaluation.signals.untrained.synflow import log_synflow
from evonas.evaluation.signals.untrained.zen import zen_score
from evonas.networks import build
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

NUM_IMAGES = 32
UNTRAINED: dict[str, Signal] = {
    "naswot": naswot,
    "jacobian": log_input_jacobian,
    "jacobian-covariance": jacobian_covariance,
    "lipschitz": log_lipschitz,
    "synflow": log_synflow,
    "zen": zen_score,
    "gradient-norm": log_gradient_norm,
}
"""Signals of an untrained network, by name."""

CHANNELS, CELLS = 16, 1
"""Size of the untrained networks, which may differ from the size that is trained."""


@final
class UntrainedSignals(AbstractNetworkSignals):
    """Measured with back-propagation everywhere, so genomes that differ only in rules share them.

    The weights of all networks are drawn with the same seed.

    Args:
        names: keys of ``UNTRAINED``.
        space: space of the genomes.
        traits: traits of the images.
        images: images of which 32 are shown, stratified by class.
        seed: seed of the weights, and of the random numbers that signals use.
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
        self._plain = space.resized(channels=CHANNELS, cells=CELLS).with_rules((RULE,))
        self._num_architecture = sum(gene.kind != "rule" for gene in self._plain.genes)
        self._traits = traits
        self._seed = seed
        some, _ = stratified_part(  # the first images may all be of one class
            images.labels,
            num_images=min(NUM_IMAGES, len(images)),
            seed=derive_seed(seed, "signals", "images"),
        )
        self._pixels = images.pixels[some].float() / 255.0
        self._labels = images.labels[some]
        source = source_of(
            *(seed, CHANNELS, CELLS, self._plain.spec),
            *(traits.num_classes, traits.mean, traits.std),
            *(tuple(self._pixels.shape), self._labels.tolist()),
            pixels=self._pixels,
        )
        super().__init__(names, cache=SignalCache(cache, source=source))

    def _values(self, genome: Genome) -> tuple[int, ...]:
        return genome.values[: self._num_architecture]

    def _computed(self, names: Sequence[str], genome: Genome) -> dict[str, float]:
        values = self._values(genome)
        num_rules = len(self._plain.genes) - len(values)
        network = build(
            self._plain,
            Genome(values + (0,) * num_rules),
            input_shape=self._traits.shape,
            num_classes=self._traits.num_classes,
            seed=derive_seed(self._seed, "signals", "weights"),
            mean=self._traits.mean,
            deviation=self._traits.std,
        )
        probe = Probe(network, self._pixels, self._labels, self._seed)
        return {name: UNTRAINED[name](probe) for name in names}
