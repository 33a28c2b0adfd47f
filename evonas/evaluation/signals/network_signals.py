"""Signals that are measured on networks: each is computed once, then kept in memory and a file."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from evonas.evaluation.data.images import Images
from evonas.evaluation.data.split import stratified_part
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.signals.signal_cache import SignalCache
from evonas.space import Genome

FORM = 1
"""Version of the cached numbers; increase it when a signal or the initial weights change."""

MAX_KNOWN = 20_000
"""Number of genomes whose signals are kept in memory; the oldest are dropped first."""


class AbstractNetworkSignals(ABC):
    """Looks signals up, and computes those that are missing.

    Subclasses implement :meth:`_values` and :meth:`_computed`.

    Args:
        names: names of the signals.
        cache: cached signals from the same source.
    """

    def __init__(self, names: Sequence[str], *, cache: SignalCache) -> None:
        self._names = tuple(names)
        self._cache = cache
        self._known: dict[tuple[int, ...], tuple[float, ...]] = {}

    def of(self, genome: Genome) -> tuple[float, ...]:
        """Signals of a genome, in the order of the names."""
        values = self._values(genome)
        if values not in self._known:
            text = ",".join(map(str, values))
            found = self._cache.found(text)
            missing = [name for name in self._names if name not in found]
            if missing:
                with one_thread():  # a search must not depend on the number of cores
                    new = self._computed(missing, genome)
                self._cache.keep(text, new)
                found |= new
            if len(self._known) >= MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[values] = tuple(found[name] for name in self._names)
        return self._known[values]

    @abstractmethod
    def _values(self, genome: Genome) -> tuple[int, ...]:
        """Return the values of the genes on which the signals depend."""

    @abstractmethod
    def _computed(self, names: Sequence[str], genome: Genome) -> dict[str, float]:
        """Compute signals; on one thread."""


def source_of(*parts: Any, pixels: Tensor) -> str:
    """Digest of everything except the genome that determines the signals of a network.

    Args:
        parts: values whose representation tells them apart.
        pixels: images on the CPU.
    """
    hashed = hashlib.sha256()
    for part in (FORM, torch.__version__, *parts):
        hashed.update(f"{part!r}\n".encode())
    hashed.update(pixels.contiguous().numpy().tobytes())
    return hashed.hexdigest()[:32]


def learned_and_judged(
    images: Images, *, num_learned: int, num_judged: int, seed: int
) -> tuple[Images, Images]:
    """Images to train on and others to measure on, each stratified by class.

    Both are in memory, even if the images of the run stay on disk.

    Args:
        images: at least four images; of few, a quarter is for measuring.
        num_learned: largest number of images to train on.
        num_judged: largest number of images to measure on.
        seed: seed of the draw.
    """
    # batch normalisation needs more than one image
    count = max(2, min(num_judged, len(images) // 4))
    judged, rest = stratified_part(images.labels, num_images=count, seed=seed)
    most = min(num_learned, len(rest))
    learned, _ = stratified_part(images.labels[rest], num_images=most, seed=seed)
    first, second = (
        Images(images.pixels[some], images.labels[some]) for some in (rest[learned], judged)
    )
    return first, second
