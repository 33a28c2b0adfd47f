"""A genome: one small integer for every gene of its space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evonas.errors import GenomeError

GeneKind = Literal[
    "operation", "inputs", "activation", "normalisation", "channels", "repeat", "rule"
]


@dataclass(frozen=True)
class Gene:
    """One choice that a genome makes.

    Args:
        name: unique in its space, for instance ``cell.operation2_0``.
        choices: the choices; the genome holds an index into them.
        kind: ``operation`` (of an edge), ``inputs`` (which nodes a node reads), ``rule``, or one
            of the macro genes: ``activation`` and ``normalisation`` (of the whole network),
            ``channels`` (of the stem, a reduction or a stage), ``repeat`` (cells of a stage).
    """

    name: str
    choices: tuple[str, ...]
    kind: GeneKind


@dataclass(frozen=True, order=True)
class Genome:
    """One point of a space, which gives its values their meaning.

    Args:
        values: for every gene of the space the index of its choice.
    """

    values: tuple[int, ...]


def checked_values(genome: Genome, genes: Sequence[Gene], *, where: str) -> tuple[int, ...]:
    """Check the values of a genome against its genes, and return them.

    Args:
        genome: the genome to check.
        genes: genes of a space.
        where: names the space in messages.

    Raises:
        GenomeError: the number of values is wrong, or one is not a choice of its gene.
    """
    values = genome.values
    if len(values) != len(genes):
        raise GenomeError(f"genome: expected {len(genes)} genes ({where}), got {len(values)}")
    for value, gene in zip(values, genes, strict=True):
        if not 0 <= value < len(gene.choices):
            raise GenomeError(
                f"genome, gene '{gene.name}': expected 0 to {len(gene.choices) - 1}, got {value}"
            )
    return values
