"""Neighbours of a genome (one step away), in random order and generated lazily."""

import random
from collections.abc import Iterator, Sequence

from evonas.search.problem import SearchProblem
from evonas.search.variation import with_silent_rules_redrawn
from evonas.space import Genome


def neighbours(genome: Genome, problem: SearchProblem, *, rng: random.Random) -> Iterator[Genome]:
    """Yield canonical genomes that differ from ``genome`` in one active gene, before folding.

    Changing an inactive gene alone has no effect (for example an edge from a node without input).
    A step that changes an inactive gene therefore also changes a gene that it activates;
    otherwise no step would lead back from a cell that has lost a node. Rules of sites that a new
    operation activates are drawn at random.

    Lazy, because computing all neighbours of a genome with a hundred genes takes too long for a
    search. Two neighbours can be the same network.
    """
    active = problem.is_active(genome)
    steps = [
        (position, choice)
        for position, (gene, is_active) in enumerate(zip(problem.genes, active, strict=True))
        if is_active or gene.kind != "rule"
        for choice in range(len(gene.choices))
        if choice != genome.values[position]
    ]
    rng.shuffle(steps)
    for position, choice in steps:
        values = list(with_silent_rules_redrawn(genome, problem, rng=rng).values)
        values[position] = choice
        if active[position] or _wake(values, active, problem, rng=rng):
            yield problem.canonical(Genome(tuple(values)))


def _wake(
    values: list[int], active: Sequence[bool], problem: SearchProblem, *, rng: random.Random
) -> bool:
    """Change one newly activated gene in place; return False if there is none."""
    woken = [
        position
        for position, is_active in enumerate(problem.is_active(Genome(tuple(values))))
        if is_active
        and not active[position]
        and problem.genes[position].kind != "rule"
        and len(problem.genes[position].choices) > 1
    ]
    if not woken:
        return False
    position = rng.choice(woken)
    others = [c for c in range(len(problem.genes[position].choices)) if c != values[position]]
    values[position] = rng.choice(others)
    return True
