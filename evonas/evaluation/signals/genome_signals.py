"""The signals of the genomes of a space, from all sources."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

from evonas.errors import ConfigError
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.signals.counted_signals import COUNTED, FREE, CountedSignals, check_counted
from evonas.evaluation.signals.network_signals import AbstractNetworkSignals
from evonas.evaluation.signals.short_training import (
    MOST_IMAGES,
    SHORT_TRAINING,
    ShortTrainingSignals,
)
from evonas.evaluation.signals.supernet_signals import (
    SUPERNET,
    SUPERNET_IMAGES,
    SupernetSignals,
    check_supernet,
)
from evonas.evaluation.signals.table import ALL_SIGNALS, NONE
from evonas.evaluation.signals.untrained.untrained_signals import (
    NUM_IMAGES,
    UNTRAINED,
    UntrainedSignals,
)
from evonas.registry import look_up
from evonas.space import Genome, Space


def parse_signals(given: Sequence[str]) -> tuple[str, ...]:
    """Check names of signals and drop ``none``: any of ``ALL_SIGNALS``.

    Raises:
        UnknownNameError: there is no such signal.
        ConfigError: ``none`` is combined with other names, or a name is given twice.
    """
    for name in given:
        look_up(dict.fromkeys((NONE, *ALL_SIGNALS)), name, kind="signal")
        if given.count(name) > 1:
            raise ConfigError(f"signals: '{name}' is named twice")
    if NONE in given and len(given) > 1:
        raise ConfigError(
            f"signals: expected '{NONE}' alone or other names, got {','.join(given)}"
        )
    return tuple(name for name in given if name != NONE)


def check_signals_of(space: Space, names: Sequence[str]) -> None:
    """Reject signals that the genomes of a space do not have.

    Raises:
        ConfigError: see :func:`~evonas.evaluation.signals.counted_signals.check_counted`.
        SpaceError: see :func:`~evonas.evaluation.signals.supernet_signals.check_supernet`.
        RuleError: likewise.
    """
    check_counted(names, space)
    if any(name in SUPERNET for name in names):
        check_supernet(space)


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
    needed = ((UNTRAINED, NUM_IMAGES), (SHORT_TRAINING, MOST_IMAGES), (SUPERNET, SUPERNET_IMAGES))
    return max((n for kind, n in needed if any(name in kind for name in names)), default=0)


@final
class GenomeSignals:
    """Signals of a genome that need no training, or little; computed on a CPU.

    Args:
        chosen: result of :func:`parse_signals`.
        space: space of the genomes at the size of the candidates, for which costs are counted and
            networks are trained.
        traits: traits of the images.
        images: images to show to networks; None if no signal needs them. Of more than needed
            (:func:`num_images_needed`), a stratified part is used.
        seed: seed of the weights, and of the random numbers that signals use.
        whole: converts a genome passed to :meth:`of` into one of ``space``; None if it is one.
        cache: file for the signals of networks; None for no file.

    Attributes:
        names: names of all columns.

    Raises:
        InputError: see :func:`check_signals_of`.
        SpaceError: the images are too small for the space.
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
        counted = [name for name in chosen if name in COUNTED]
        self._counted = CountedSignals(
            counted, space, input_shape=traits.shape, num_classes=traits.num_classes
        )
        names = list(self._counted.names)
        self._on_networks: list[AbstractNetworkSignals] = []
        for kind, known in (
            (UntrainedSignals, UNTRAINED),
            (ShortTrainingSignals, SHORT_TRAINING),
            (SupernetSignals, SUPERNET),
        ):
            some = [name for name in chosen if name in known]
            if some and images is None:
                raise ValueError(f"{some[0]}: expected images, got none")
            if some and images is not None:
                source = kind(some, space, traits=traits, images=images, seed=seed, cache=cache)
                self._on_networks.append(source)
                names += some
        self.names = tuple(names)
        self._whole = whole

    def of(self, genome: Genome, /) -> tuple[float, ...]:
        """Signals of a canonical genome, in the order of the names."""
        whole = genome if self._whole is None else self._whole(genome)
        measured = [value for each in self._on_networks for value in each.of(whole)]
        return (*self._counted.of(whole), *measured)
