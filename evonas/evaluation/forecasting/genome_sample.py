"""A few different genomes of a space, for measuring costs."""

import random

from evonas.space import Genome, Space

MOST_DRAWS = 100  # for each genome wanted: a small space may have fewer


def draw_genomes(space: Space, *, count: int, seed: int) -> list[Genome]:
    """Draw ``count`` different genomes, or fewer if the space has no more.

    Args:
        space: at its size.
        count: number of genomes.
        seed: seed of the draw.
    """
    rng = random.Random(seed)
    found: dict[Genome, None] = {}
    for _ in range(MOST_DRAWS * count):
        found[space.canonical(space.sample(rng))] = None
        if len(found) == count:
            break
    return list(found)
