"""How parents make children: DEAP's uniform crossover and uniform integer mutation.

A gene is a name out of a list, so that nothing lies "between" two of its values; operators that
keep neighbours together or step by one would find an order where there is none.
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
    """Two canonical children; with small probability one equals a parent.

    Every gene is swapped with probability :data:`SWAP_RATE` (Syswerda 1989, DEAP ``cxUniform``),
    then drawn anew with probability 1 / (number of active genes) (DEAP ``mutUniformInt``). A gene
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
    """Two canonical children by uniform crossover alone."""
    mother = list(with_silent_rules_redrawn(first, problem, rng=rng).values)
    father = list(with_silent_rules_redrawn(second, problem, rng=rng).values)
    with deap_draws_from(rng):
        tools.cxUniform(mother, father, indpb=SWAP_RATE)
    return problem.canonical(Genome(tuple(mother))), problem.canonical(Genome(tuple(father)))


def mutated(parent: Genome, problem: SearchProblem, *, rng: random.Random) -> Genome:
    """A canonical child by mutation alone; about one in three equals its parent."""
    child = list(with_silent_rules_redrawn(parent, problem, rng=rng).values)
    with deap_draws_from(rng):
        _mutate(child, problem)
    return problem.canonical(Genome(tuple(child)))


def _mutate(values: list[int], problem: SearchProblem) -> None:
    """In place, as DEAP's operators work."""
    highest = [len(gene.choices) - 1 for gene in problem.genes]
    active = problem.is_active(Genome(tuple(values)))
    num_active = sum(a and top > 0 for a, top in zip(active, highest, strict=True))
    tools.mutUniformInt(values, low=0, up=highest, indpb=1 / max(1, num_active))


def with_silent_rules_redrawn(
    genome: Genome, problem: SearchProblem, *, rng: random.Random
) -> Genome:
    """The same network in another spelling: its inactive rule genes are drawn anew.

    Folding has set them all to choice 0. A child that wakes such a site up, by giving it an
    operation with weights, would always start with that first rule.
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
    """Lend ``rng`` to DEAP, which knows only the global generator, and put that one back."""
    foreign = random.getstate()
    random.setstate(rng.getstate())
    try:
        yield
    finally:
        rng.setstate(random.getstate())
        random.setstate(foreign)
