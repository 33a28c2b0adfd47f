"""Hand-made populations for tests of analyses."""

import random
from collections.abc import Mapping, Sequence

from evonas.analysis.population import Member, Population
from evonas.space import Genome, Space, load


def space_of(*rules: str) -> Space:
    return load("nas-bench-201").resized(channels=4, cells=1).with_rules(rules)


def random_genomes(space: Space, count: int, *, seed: int) -> list[Genome]:
    rng = random.Random(seed)
    return [space.canonical(space.sample(rng)) for _ in range(count)]


def member(
    space: Space,
    genome: Genome | str,
    *,
    run: int = 0,
    on_front: bool = False,
    values: Mapping[str, float] | None = None,
    noise: Mapping[str, float | None] | None = None,
) -> Member:
    """A fully measured member of a population."""
    if isinstance(genome, str):
        genome = space.parse(genome)
    genome = space.canonical(genome)
    return Member(
        run=run,
        key=space.key(genome),
        genome=genome,
        values=values or {},
        noise=noise or {},
        contends=True,
        on_front=on_front,
    )


def population(
    space: Space, members: Sequence[Member], objectives: Sequence[str] = ("acc",)
) -> Population:
    return Population(space, tuple(objectives), tuple(members))
