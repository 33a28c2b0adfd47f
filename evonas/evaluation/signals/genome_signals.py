"""The signals of the genomes of a space, from all sources."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from evonas.errors import ConfigError
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.signals.genome_cost import GenomeCosts
from evonas.evaluation.signals.network_signals import AbstractNetworkSignals
from evonas.evaluation.signals.short_training import (
    MOST_IMAGES,
    SHORT_TRAINING,
    ShortTrainingSignals,
)
from evonas.evaluation.signals.table import (
    COSTS,
    FREE,
    NETWORK_SIGNALS,
    NONE,
    TRANSPORTED,
    UNTRAINED,
)
from evonas.evaluation.signals.untrained_signals import NUM_IMAGES, UntrainedSignals
from evonas.registry import look_up
from evonas.rules import all_rules
from evonas.space import Genome, Space


def parse_signals(given: Sequence[str]) -> tuple[str, ...]:
    """Check names of signals and drop ``none``: ``free`` and :data:`NETWORK_SIGNALS`.

    Raises:
        UnknownNameError: there is no such signal.
        ConfigError: ``none`` is combined with other names, or a name is given twice.
    """
    for name in given:
        look_up(dict.fromkeys((NONE, FREE, *NETWORK_SIGNALS)), name, kind="signal")
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


def num_images_needed(names: Sequence[str]) -> int:
    """Number of images that signals use; 0 if none is measured on a network."""
    if any(name in SHORT_TRAINING for name in names):
        return MOST_IMAGES
    return NUM_IMAGES if any(name in UNTRAINED for name in names) else 0


@final
class GenomeSignals:
    """Signals of a genome that need no training, or a very short one; computed on a CPU.

    Args:
        chosen: result of :func:`parse_signals`.
        space: space of the genomes at the size of the candidates, for which costs are counted and
            short trainings are made.
        traits: traits of the images.
        images: images to show to networks; None if no signal needs them. Of more than needed
            (:func:`num_images_needed`), a stratified part is used.
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
        untrained = [name for name in chosen if name in UNTRAINED]
        short = [name for name in chosen if name in SHORT_TRAINING]
        if images is None and (missing := untrained + short):
            raise ValueError(f"{missing[0]}: expected images, got none")
        self._is_free_chosen = FREE in chosen
        has_shares = self._is_free_chosen and len(space.rule_choices) > 1
        self._shares = TRANSPORTED if has_shares else ()
        self.names = (
            *(COSTS if self._is_free_chosen else ()),
            *(f"transports-{name}" for name in self._shares),
            *untrained,
            *short,
        )
        self._costs = GenomeCosts(space, input_shape=traits.shape, num_classes=traits.num_classes)
        self._whole = whole
        self._on_networks: list[AbstractNetworkSignals] = [
            kind(names, space, traits=traits, images=images, seed=seed, cache=cache)
            for kind, names in ((UntrainedSignals, untrained), (ShortTrainingSignals, short))
            if images is not None and names
        ]

    def of(self, genome: Genome, /) -> tuple[float, ...]:
        """Signals of a canonical genome, in the order of the names."""
        whole = genome if self._whole is None else self._whole(genome)
        measured = [value for each in self._on_networks for value in each.of(whole)]
        return (*self._free(whole), *measured)

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
