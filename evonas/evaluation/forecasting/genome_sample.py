"""A few different genomes of a space, on which a cost is tried."""

import random

from evonas.space import Genome, Space

MOST_DRAWS = 100  # for each genome wanted: a small space may have fewer


def draw_genomes(space: Space, *, count: int, seed: int) -> list[Genome]:
    """So many different genomes, or fewer where the space has no more.

    Args:
        space: at its size.
        count: count of genomes.
        seed: seed of the draw.
    """
    rng = random.Random(seed)
    found: dict[Genome, None] = {}
    for _ in range(MOST_DRAWS * count):
        found[space.canonical(space.sample(rng))] = None
        if len(found) == count:
            break
    return list(found)
