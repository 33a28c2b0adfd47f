"""What a search knows about its space: the genes, and which genomes build the same network.

:class:`evonas.space.Space` satisfies :class:`SearchProblem`; so can a small class in a test.
"""

import random
from collections.abc import Sequence
from typing import Protocol

from evonas.space import Genome


class SearchGene(Protocol):
    """One position of a genome."""

    @property
    def choices(self) -> tuple[str, ...]:
        """Meanings of the integers at this position; a search only uses their number."""

    @property
    def kind(self) -> str:
        """``operation``, ``inputs`` or ``rule``."""


class Paths(Protocol):
    """Paths through a network; in different genomes, different genes may form the same path."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all possible paths; empty if nothing is known about networks."""

    def of(self, genome: Genome, /) -> frozenset[int]:
        """Return the indices of the paths that a genome contains."""


class SearchProblem(Protocol):
    """A finite set of genomes; several of them can build the same network."""

    @property
    def genes(self) -> Sequence[SearchGene]:
        """Genes, one for each position of a genome."""

    def canonical(self, genome: Genome, /) -> Genome:
        """Return the genome with its inactive genes folded."""

    def key(self, genome: Genome, /) -> str:
        """Return a key, equal for two genomes exactly if they build the same network."""

    def is_active(self, genome: Genome, /) -> tuple[bool, ...]:
        """Return for every gene whether it makes a difference in this genome.

        Whether a rule does never depends on other rules, and rules are the last genes.
        """

    @property
    def paths(self) -> Paths:
        """What genomes can have in common besides genes."""


def draw(problem: SearchProblem, *, rng: random.Random) -> Genome:
    """Draw a genome with every gene uniform over its choices; not canonical."""
    return Genome(tuple(rng.randrange(len(gene.choices)) for gene in problem.genes))
