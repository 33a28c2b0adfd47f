"""The genomes one gene away, in random order and one at a time, for searches that step."""

import random
from collections.abc import Iterator

from evonas.search.problem import Problem
from evonas.search.variation import with_silent_rules_redrawn
from evonas.space import Genome


def neighbours(genome: Genome, problem: Problem, *, rng: random.Random) -> Iterator[Genome]:
    """Canonical genomes that differ from ``genome`` in one active gene, before folding.

    Lazy, because working out all neighbours of a genome with a hundred genes takes longer than a
    search can spare. Rules of sites that a new operation wakes up are drawn at random. Two
    neighbours can be the same network.
    """
    steps = [
        (position, choice)
        for position, (gene, is_active) in enumerate(
            zip(problem.genes, problem.is_active(genome), strict=True)
        )
        if is_active
        for choice in range(len(gene.choices))
        if choice != genome.values[position]
    ]
    rng.shuffle(steps)
    for position, choice in steps:
        values = list(with_silent_rules_redrawn(genome, problem, rng=rng).values)
        values[position] = choice
        yield problem.canonical(Genome(tuple(values)))
