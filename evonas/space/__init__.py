"""Search spaces: what there is to choose, how a choice is written, and what it means.

    space = load("nas-bench-201").resized(channels=8, cells=1)
    genome = space.canonical(space.sample(random.Random(0)))
    space.format(genome), space.key(genome), space.decode(genome)

A space never sees a network or the mathematics of a rule; ``evonas.networks`` builds what
:meth:`Space.decode` spells out.
"""

from evonas.space.blueprint import Blueprint, CellPlan, Edge, Position
from evonas.space.catalogue import from_data, load, shipped, source_text
from evonas.space.genome import Gene, Genome
from evonas.space.operation import Operation
from evonas.space.space import Space
from evonas.space.spec import SpaceSpec

__all__ = [
    "Blueprint",
    "CellPlan",
    "Edge",
    "Gene",
    "Genome",
    "Operation",
    "Position",
    "Space",
    "SpaceSpec",
    "from_data",
    "load",
    "shipped",
    "source_text",
]
