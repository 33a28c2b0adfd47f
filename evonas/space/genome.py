"""A genome: one small integer for every gene of its space."""

from dataclasses import dataclass
from typing import Literal

GeneKind = Literal[
    "operation", "inputs", "activation", "normalisation", "channels", "repeat", "rule"
]


@dataclass(frozen=True)
class Gene:
    """One choice that a genome makes.

    Args:
        name: unique in its space, for instance ``cell.operation2_0``.
        choices: what there is to choose from; the genome holds an index into it.
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
