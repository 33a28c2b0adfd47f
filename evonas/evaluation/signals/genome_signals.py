"""Compute and cache the signals of the genomes of a space."""

import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

import torch

from evonas.errors import ConfigError
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.split import stratified_part
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.signals.genome_cost import RULE, GenomeCosts
from evonas.evaluation.signals.probe import Probe
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.evaluation.signals.table import (
    COSTS,
    FREE,
    NETWORK_SIGNALS,
    NONE,
    TRANSPORTED,
)
from evonas.networks import build
from evonas.registry import look_up
from evonas.rules import all_rules
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

NUM_IMAGES = 32
CHANNELS, CELLS = 16, 1
"""Size of the untrained networks, which may differ from the size that is trained."""

FORM = 1
"""Version of the cached numbers; increase it when a signal or the initial weights change."""

MAX_KNOWN = 20_000
"""Number of genomes whose signals are kept in memory; the oldest are dropped first."""


def parse_signals(given: Sequence[str]) -> tuple[str, ...]:
    """Check names of signals and drop ``none``: ``free`` and keys of :data:`NETWORK_SIGNALS`.

    Raises:
        UnknownNameError: there is no such signal.
        ConfigError: ``none`` is combined with other names, or a name is given twice.
    """
    for name in given:
        look_up({NONE: None, FREE: None, **NETWORK_SIGNALS}, name, kind="signal")
        if given.count(name) > 1:
            raise ConfigError(f"signals: '{name}' is named twice")
    if NONE in given and len(given) > 1:
        raise ConfigError(
            f"signals: expected '{NONE}' alone or other names, got {','.join(given)}"
        )
    return tuple(name for name in given if name != NONE)


def default_signals(*, num_rules: int) -> tuple[str, ...]:
    """``free`` where genomes differ in their architecture only.

    Among networks trained alike, larger ones tend to be better; where genomes choose rules, size
    says nothing about accuracy (``benchmarks/RESULTS.md``, cheap signals).

    Args:
        num_rules: number of rules that genomes choose from.
    """
    return (FREE,) if num_rules <= 1 else ()


def needs_images(names: Sequence[str]) -> bool:
    """Whether some of the signals are measured on a network, and so need images."""
    return any(name in NETWORK_SIGNALS for name in names)


@final
class GenomeSignals:
    """Signals of a genome that need no training; computed on a CPU.

    Signals of the untrained network describe only the architecture: they are measured with
    back-propagation everywhere, so genomes that differ only in their rules share them. The weights
    of all networks are drawn with the same seed.

    Args:
        chosen: result of :func:`parse_signals`.
        space: space of the genomes at the size of the candidates, for which costs are counted.
        traits: traits of the images.
        images: images to show to networks, of which 32 are used, stratified by class; None if no
            signal needs them.
        seed: seed of the weights, and of the random numbers that signals use.
        whole: converts a genome passed to :meth:`of` into one of ``space``; None if it is one.
        cache: file for the signals of networks; None for no file.

    Attributes:
        names: names of all columns.
    """

    def __init__(
        self,
        chosen: Sequence[str],
        space: Space,
        *,
        traits: Traits,
        images: Images | None,
        seed: int = 0,
        whole: Callable[[Genome], Genome] | None = None,
        cache: Path | None = None,
    ) -> None:
        networks = [name for name in chosen if name in NETWORK_SIGNALS]
        if networks and images is None:
            raise ValueError(f"{networks[0]}: expected images, got none")
        self._is_free_chosen = FREE in chosen
        self._networks = tuple(networks)
        has_shares = self._is_free_chosen and len(space.rule_choices) > 1
        self._shares = TRANSPORTED if has_shares else ()
        self.names = (
            *(COSTS if self._is_free_chosen else ()),
            *(f"transports-{name}" for name in self._shares),
            *networks,
        )
        self._space = space
        self._traits = traits
        self._costs = GenomeCosts(space, input_shape=traits.shape, num_classes=traits.num_classes)
        plain = space.resized(channels=CHANNELS, cells=CELLS).with_rules((RULE,))
        self._plain = plain
        self._num_architecture = sum(gene.kind != "rule" for gene in plain.genes)
        self._seed = seed
        self._whole = whole
        if images is not None:
            some, _ = stratified_part(  # the first images may all be of one class
                images.labels,
                num_images=min(NUM_IMAGES, len(images)),
                seed=derive_seed(seed, "signals", "images"),
            )
            self._pixels = images.pixels[some].float() / 255.0
            self._labels = images.labels[some]
            self._cache = SignalCache(cache, source=self._source())
        self._known: dict[Genome, tuple[float, ...]] = {}

    def of(self, genome: Genome, /) -> tuple[float, ...]:
        """Signals of a canonical genome, in the order of the names."""
        whole = genome if self._whole is None else self._whole(genome)
        return (*self._free(whole), *self._of_network(whole))

    def _free(self, genome: Genome) -> tuple[float, ...]:
        if not self._is_free_chosen:
            return ()
        cost = self._costs.of(genome)
        shares = dict.fromkeys(self._shares, 0)
        for rule, count in cost.by_rule.items() if shares else ():
            transported = all_rules()[rule]().transported
            if transported in shares:
                shares[transported] += count
        return (
            math.log(cost.parameters),
            math.log(cost.multiply_adds),
            *(count / cost.parameters for count in shares.values()),
        )

    def _of_network(self, genome: Genome) -> tuple[float, ...]:
        if not self._networks:
            return ()
        values = genome.values[: self._num_architecture]
        num_rules = len(self._plain.genes) - len(values)
        plain = Genome(values + (0,) * num_rules)
        if plain not in self._known:
            text = ",".join(map(str, values))
            found = self._cache.found(text)
            missing = [name for name in self._networks if name not in found]
            if missing:
                new = self._computed(missing, plain)
                self._cache.keep(text, new)
                found |= new
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[plain] = tuple(found[name] for name in self._networks)
        return self._known[plain]

    def _computed(self, names: Sequence[str], genome: Genome) -> dict[str, float]:
        network = build(
            self._plain,
            genome,
            input_shape=self._traits.shape,
            num_classes=self._traits.num_classes,
            seed=derive_seed(self._seed, "signals", "weights"),
            mean=self._traits.mean,
            deviation=self._traits.std,
        )
        probe = Probe(network, self._pixels, self._labels, self._seed)
        with one_thread():  # a search must not depend on the number of cores
            return {name: NETWORK_SIGNALS[name](probe) for name in names}

    def _source(self) -> str:
        """Digest of everything except the genome that determines the signals of a network."""
        hashed = hashlib.sha256()
        for part in (
            *(FORM, torch.__version__, self._seed, CHANNELS, CELLS, self._plain.spec),
            *(self._traits.num_classes, self._traits.mean, self._traits.std),
            *(tuple(self._pixels.shape), self._labels.tolist()),
        ):
            hashed.update(f"{part!r}\n".encode())
        hashed.update(self._pixels.contiguous().numpy().tobytes())
        return hashed.hexdigest()[:32]
