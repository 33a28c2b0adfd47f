"""Crossover and mutation: DEAP's uniform crossover and uniform integer mutation.

Genes are categorical: no value lies "between" two others. Operators that keep neighbouring genes
together or step by one would assume an order that does not exist.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from deap import tools

from evonas.search.problem import SearchProblem
from evonas.space import Genome

SWAP_RATE = 0.5


def vary(
    first: Genome, second: Genome, problem: SearchProblem, *, rng: random.Random
) -> tuple[Genome, Genome]:
    """Return two canonical children; with small probability one equals a parent.

    Every gene is swapped with probability :data:`SWAP_RATE` (Syswerda 1989, DEAP ``cxUniform``),
    then redrawn with probability 1 / (number of active genes) (DEAP ``mutUniformInt``). A gene
    with a single choice counts as inactive.
    """
    mother = list(with_silent_rules_redrawn(first, problem, rng=rng).values)
    father = list(with_silent_rules_redrawn(second, problem, rng=rng).values)
    with deap_draws_from(rng):
        tools.cxUniform(mother, father, indpb=SWAP_RATE)
        _mutate(mother, problem)
        _mutate(father, problem)
    return problem.canonical(Genome(tuple(mother))), problem.canonical(Genome(tuple(father)))


def crossed(
    first: Genome, second: Genome, problem: SearchProblem, *, rng: random.Random
) -> tuple[Genome, Genome]:
    """Return two canonical children by uniform crossover alone."""
    mother = list(with_silent_rules_redrawn(first, problem, rng=rng).values)
    father = list(with_silent_rules_redrawn(second, problem, rng=rng).values)
    with deap_draws_from(rng):
        tools.cxUniform(mother, father, indpb=SWAP_RATE)
    return problem.canonical(Genome(tuple(mother))), problem.canonical(Genome(tuple(father)))


def mutated(parent: Genome, problem: SearchProblem, *, rng: random.Random) -> Genome:
    """Return a canonical child by mutation alone; about one in three equals its parent."""
    child = list(with_silent_rules_redrawn(parent, problem, rng=rng).values)
    with deap_draws_from(rng):
        _mutate(child, problem)
    return problem.canonical(Genome(tuple(child)))


def _mutate(values: list[int], problem: SearchProblem) -> None:
    """Mutate in place, as DEAP's operators do."""
    highest = [len(gene.choices) - 1 for gene in problem.genes]
    active = problem.is_active(Genome(tuple(values)))
    num_active = sum(a and top > 0 for a, top in zip(active, highest, strict=True))
    tools.mutUniformInt(values, low=0, up=highest, indpb=1 / max(1, num_active))


def with_silent_rules_redrawn(
    genome: Genome, problem: SearchProblem, *, rng: random.Random
) -> Genome:
    """Return a genome of the same network whose inactive rule genes are drawn at random.

    Folding sets inactive rule genes to choice 0. Without this, a child that activates such a site,
    by giving it an operation with weights, would always start with the first rule.
    """
    return Genome(
        tuple(
            rng.randrange(len(gene.choices)) if gene.kind == "rule" and not is_active else value
            for value, gene, is_active in zip(
                genome.values, problem.genes, problem.is_active(genome), strict=True
            )
        )
    )


@contextmanager
def deap_draws_from(rng: random.Random) -> Iterator[None]:
    """Let DEAP, which only uses the global generator, draw from ``rng``; then restore it."""
    foreign = random.getstate()
    random.setstate(rng.getstate())
    try:
        yield
    finally:
        rng.setstate(random.getstate())
        random.setstate(foreign)
