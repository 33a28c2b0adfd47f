"""A search's view of a space: genes to choose from, and which genomes are equivalent.

:class:`evonas.space.Space` satisfies :class:`SearchProblem`; so does any small class of a test.
"""

import random
from collections.abc import Sequence
from typing import Protocol

from evonas.space import Genome


class SearchGene(Protocol):
    """One position of a genome."""

    @property
    def choices(self) -> tuple[str, ...]:
        """What the integer at this position can stand for; its length is what counts here."""

    @property
    def kind(self) -> str:
        """``operation``, ``inputs`` or ``rule``."""


class Paths(Protocol):
    """Ways through a network, which may lie on other genes in other genomes."""

    @property
    def names(self) -> Sequence[str]:
        """Of all there can be; empty where nothing is known of networks."""

    def of(self, genome: Genome, /) -> frozenset[int]:
        """Which of them a genome has."""


class SearchProblem(Protocol):
    """A finite set of genomes in which several genomes can build the same network."""

    @property
    def genes(self) -> Sequence[SearchGene]:
        """One per position of a genome."""

    def canonical(self, genome: Genome, /) -> Genome:
        """The genome with its inactive genes folded."""

    def key(self, genome: Genome, /) -> str:
        """Equal for two genomes exactly when they build the same network."""

    def is_active(self, genome: Genome, /) -> tuple[bool, ...]:
        """For every gene, whether it has an effect in this genome."""

    @property
    def paths(self) -> Paths:
        """What genomes can have in common besides genes."""


def draw(problem: SearchProblem, *, rng: random.Random) -> Genome:
    """A genome with every gene uniform over its choices; not canonical."""
    return Genome(tuple(rng.randrange(len(gene.choices)) for gene in problem.genes))
