"""Random genomes, often partly dead, and changes of a single gene."""

import random

from hypothesis import settings
from hypothesis import strategies as st

from evonas.space import Genome, Space

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=60, deadline=None)  # of each space


def draw(space: Space, seed: int) -> Genome:
    """A genome that is often partly dead: half of them have many zero operations."""
    rng = random.Random(seed)
    values = list(space.sample(rng).values)
    if rng.random() < 0.5:
        for number, gene in enumerate(space.genes):
            zero = next((z for z in ("none", "nil") if z in gene.choices), None)
            if gene.kind == "operation" and zero and rng.random() < 0.6:
                values[number] = gene.choices.index(zero)
    return Genome(tuple(values))


def changed(genome: Genome, number: int, value: int) -> Genome:
    return Genome((*genome.values[:number], value, *genome.values[number + 1 :]))
