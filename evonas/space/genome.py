"""A genome: one small integer per gene of its space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evonas.errors import GenomeError, show

GeneKind = Literal[
    "operation", "inputs", "activation", "normalisation", "channels", "repeat", "rule"
]


@dataclass(frozen=True)
class Gene:
    """One choice to be made by a genome.

    Args:
        name: unique in its space, for instance ``cell.operation2_0``.
        choices: options of the gene; the genome holds an index into them.
        kind: ``operation`` (of an edge), ``inputs`` (which nodes a node reads), ``rule``, or one
            of the macro genes: ``activation`` and ``normalisation`` (of the whole network),
            ``channels`` (of the stem, a reduction or a stage), ``repeat`` (cells of a stage).
    """

    name: str
    choices: tuple[str, ...]
    kind: GeneKind


@dataclass(frozen=True, order=True)
class Genome:
    """One point of a space; the space defines what its values mean.

    Args:
        values: index of the chosen option, for every gene of the space.
    """

    values: tuple[int, ...]


def checked_values(genome: Genome, genes: Sequence[Gene], *, where: str) -> tuple[int, ...]:
    """Return the values of a genome after checking that they are choices of these genes.

    Args:
        genome: genome to check.
        genes: genes of the space.
        where: description of the space in messages.

    Raises:
        GenomeError: it is no genome, there are too many or too few values, or one is no choice of
            its gene.
    """
    if not isinstance(genome, Genome):
        raise GenomeError(f"genome: expected its text or a Genome ({where}), got {show(genome)}")
    values = genome.values
    if len(values) != len(genes):
        raise GenomeError(f"genome: expected {len(genes)} genes ({where}), got {len(values)}")
    for value, gene in zip(values, genes, strict=True):
        if not 0 <= value < len(gene.choices):
            raise GenomeError(
                f"genome, gene '{gene.name}': expected 0 to {len(gene.choices) - 1}, got {value}"
            )
    return values
