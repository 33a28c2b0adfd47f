"""Draw a few different genomes of a space to measure costs on."""

import random

from evonas.space import Genome, Space

MOST_DRAWS = 100  # draws per requested genome; a small space may not have enough genomes


def draw_genomes(space: Space, *, count: int, seed: int) -> list[Genome]:
    """Draw ``count`` different canonical genomes, or fewer if the space has no more.

    Args:
        space: search space.
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
