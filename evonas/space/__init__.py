"""Search spaces: their genes, the text form of a genome, and the network that it describes.

    space = load("nas-bench-201").resized(channels=8, cells=1)
    genome = space.canonical(space.sample(random.Random(0)))
    space.format(genome), space.key(genome), space.decode(genome)

A space knows neither networks nor learning rules; ``evonas.networks`` builds what
:meth:`Space.decode` describes.
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
