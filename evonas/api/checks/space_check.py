"""What a search space holds, and whether its smallest and its largest network train."""

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
"""Genomes of which every one is looked at; of more, a sample is."""
NUM_SAMPLED = 1000
NUM_TRIED = 20
"""Genomes among which the smallest and the largest network are sought."""
MACRO_KINDS = ("activation", "normalisation", "channels", "repeat")
BATCH, CLASSES, CHANNELS, LEAST_SIDE = 8, 10, 3, 32


@dataclass(frozen=True)
class Count:
    """How many genomes, and how many different functions they are.

    Attributes:
        genomes: of the space.
        looked_at: all of them, or a sample.
        functions: different keys among those looked at.
    """

    genomes: int
    looked_at: int
    functions: int

    @property
    def is_whole(self) -> bool:
        """Whether every genome was looked at."""
        return self.looked_at == self.genomes


@dataclass(frozen=True)
class Step:
    """One network, and one step of SGD on random images.

    Attributes:
        genome: its text.
        parameters: that are trained.
        multiply_adds: for one image.
        side: of the images, pixels.
        loss_before: of the batch, nats.
        loss_after: the same after the step.
        seconds: that the step took.
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
    """Count the genomes and their keys; where there are many genomes, those of a sample.

    Args:
        space: at any size.
        seed: of the sample.
        on_progress: is called with how many genomes were looked at, and how many will be.
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

    Widths and depths are the smallest and the largest that genomes may choose; among random
    operations the cheapest and the most expensive of some are taken, in parameters.

    Args:
        space: at the size at which they are built.
        seed: of the genomes, the weights and the images.

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
        # a canonical genome may have other widths, where these do not matter
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
    """The same space with one rule, in which only architectures differ."""
    return space.with_rules((next(iter(all_rules())),))
