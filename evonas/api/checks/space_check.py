"""What a search space contains, and whether its smallest and largest networks train."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import torch
from torch.nn import functional as F

from evonas.networks import build, count_multiply_adds, count_parameters
from evonas.rules import all_rules
from evonas.space import Genome, Space
from evonas.space.macro.shape import largest, smallest

MOST_COUNTED = 40_000
"""Up to this many genomes, all are examined; beyond, a sample."""
NUM_SAMPLED = 1000
NUM_TRIED = 20
"""Number of genomes searched for the smallest and the largest network."""
MACRO_KINDS = ("activation", "normalisation", "channels", "repeat")
BATCH, CLASSES, CHANNELS, LEAST_SIDE = 8, 10, 3, 32


@dataclass(frozen=True)
class Count:
    """How many genomes a space has, and how many different functions.

    Attributes:
        genomes: genomes of the space.
        looked_at: number examined: all, or a sample.
        functions: number of different keys among those.
    """

    genomes: int
    looked_at: int
    functions: int

    @property
    def is_whole(self) -> bool:
        """Whether every genome was examined."""
        return self.looked_at == self.genomes


@dataclass(frozen=True)
class Step:
    """One network, and one step of SGD on random images.

    Attributes:
        genome: its text.
        parameters: number of trainable parameters.
        multiply_adds: for one image.
        side: side length of the images, pixels.
        loss_before: loss of the batch before the step, nats.
        loss_after: its loss after the step, nats.
        seconds: duration of the step.
    """

    genome: str
    parameters: int
    multiply_adds: int
    side: int
    loss_before: float
    loss_after: float
    seconds: float


def count_functions(
    space: Space, *, seed: int = 0, on_progress: Callable[[int, int], object] | None = None
) -> Count:
    """Count the genomes and their keys, in a sample if there are many genomes.

    Args:
        space: at any size.
        seed: seed of the sample.
        on_progress: called with the number of genomes examined so far and their total.
    """
    if space.size <= MOST_COUNTED:
        choices = [range(len(gene.choices)) for gene in space.genes]
        genomes: Iterator[Genome] = map(Genome, itertools.product(*choices))
        looked_at = space.size
    else:
        rng = random.Random(seed)
        genomes = (space.sample(rng) for _ in range(NUM_SAMPLED))
        looked_at = NUM_SAMPLED
    keys = set()
    for number, genome in enumerate(genomes, start=1):
        keys.add(space.key(genome))
        if on_progress is not None and number % 100 == 0:
            on_progress(number, looked_at)
    return Count(space.size, looked_at, len(keys))


def extreme_steps(space: Space, *, seed: int = 0) -> tuple[Step, Step]:
    """Train one step of the smallest and of the largest network.

    Widths and depths are the smallest and the largest that genomes may choose. Of some random
    choices of operations, those with the fewest and the most parameters are taken.

    Args:
        space: the space at the size to build.
        seed: seed of the genomes, the weights and the images.

    Raises:
        SpaceError: a network cannot be built.
    """
    side = max(LEAST_SIDE, 2**space.halvings)
    small = _by_size(space, smallest(space.spec), side, seed)
    large = _by_size(space, largest(space.spec), side, seed)
    return _step(space, small[0], side, seed), _step(space, large[-1], side, seed)


def _by_size(space: Space, macro: tuple[int, ...], side: int, seed: int) -> list[Genome]:
    """Some genomes of one shape, from the fewest parameters to the most."""
    rng = random.Random(seed)
    first = next((n for n, gene in enumerate(space.genes) if gene.kind in MACRO_KINDS), 0)
    sizes = {}
    for _ in range(NUM_TRIED):
        values = list(space.sample(rng).values)
        values[first : first + len(macro)] = macro
        genome = space.canonical(Genome(tuple(values)))
        # a canonical genome may have other widths where these have no effect
        with torch.device("meta"):
            network = build(
                space, genome, input_shape=(CHANNELS, side, side), num_classes=CLASSES, seed=0
            )
        sizes[genome] = count_parameters(network)
    return sorted(sizes, key=lambda genome: (sizes[genome], genome))


def _step(space: Space, genome: Genome, side: int, seed: int) -> Step:
    shape = (CHANNELS, side, side)
    network = build(space, genome, input_shape=shape, num_classes=CLASSES, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(BATCH, *shape, generator=generator)
    labels = torch.randint(CLASSES, (BATCH,), generator=generator)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01)
    begin = perf_counter()
    network.wiring.aim(labels)
    loss = F.cross_entropy(network(images), labels)
    loss.backward()
    optimiser.step()
    seconds = perf_counter() - begin
    network.wiring.aim(labels)
    with torch.no_grad():
        after = F.cross_entropy(network(images), labels)
    return Step(
        genome=space.format(genome),
        parameters=count_parameters(network),
        multiply_adds=count_multiply_adds(network, input_shape=shape),
        side=side,
        loss_before=float(loss.detach()),
        loss_after=float(after),
        seconds=seconds,
    )


def one_rule(space: Space) -> Space:
    """The same space with a single rule, so that only architectures differ."""
    return space.with_rules((next(iter(all_rules())),))
