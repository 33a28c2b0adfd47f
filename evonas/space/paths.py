"""The paths of a cell: which operations, in order, lead from one of its inputs to its output.

A cell as a set of paths (White, Neiswanger and Savani 2021, BANANAS) is what a model of accuracies
learns from more easily than from the operations of edges: cells that compute much the same have
many paths in common, wherever their nodes stand. Identities are left out of a path, so that
a detour without an operation is the direct way.
"""

from collections.abc import Sequence
from itertools import product
from typing import final

from evonas.space.cell import Anatomy, CellGraph
from evonas.space.genome import Genome

MAX_NAMES = 256
"""Of one cell. Longer paths than so many names allow are known by their last operations."""

Path = tuple[int, ...]
"""The input, then the indices of the operations."""


@final
class Paths:
    """All paths of all cells of a space, numbered. Rules do not enter.

    Args:
        graphs: the cells, in the order of their genes, which come first in a genome.

    Attributes:
        names: of every path that a genome can have.
    """

    def __init__(self, graphs: Sequence[CellGraph]) -> None:
        self._graphs = graphs
        self._numbers: list[dict[Path, int]] = []
        names: list[str] = []
        for graph in graphs:
            words = _words(graph)
            self._numbers.append({word: len(names) + n for n, word in enumerate(words)})
            names += words.values()
        self.names = tuple(names)

    def of(self, genome: Genome) -> frozenset[int]:
        """The numbers of the paths that carry something to the output of a cell."""
        found: set[int] = set()
        first = 0
        for graph, numbers in zip(self._graphs, self._numbers, strict=True):
            values = genome.values[first : first + len(graph.genes)]
            found.update(numbers[path] for path in live_paths(graph, graph.anatomy(values)))
            first += len(graph.genes)
        return frozenset(found)


def _words(graph: CellGraph) -> dict[Path, str]:
    names = [operation.name for operation in graph.operations]
    return {
        (source, *word): f"{graph.name}:{source}{''.join('>' + names[one] for one in word)}"
        for length in range(_longest(graph) + 1)
        for word in product(_letters(graph), repeat=length)
        for source in range(graph.spec.inputs)
    }


def live_paths(graph: CellGraph, anatomy: Anatomy) -> set[Path]:
    """The paths of one cell that carry something to its output."""
    letters, longest = set(_letters(graph)), _longest(graph)
    at: list[set[Path]] = [{(source,)} for source in range(graph.spec.inputs)]
    at += [set() for _ in graph.targets]
    for wire, is_live in zip(anatomy.wires, anatomy.live, strict=True):
        if not is_live:
            continue
        step = (wire.operation,) if wire.operation in letters else ()
        for source, *word in at[wire.source]:
            whole = (*word, *step)
            at[wire.target].add((source, *whole[max(0, len(whole) - longest) :]))
    ends = at[-1:] if graph.spec.join == "last" else at[graph.spec.inputs :]
    return set().union(*ends)


def _letters(graph: CellGraph) -> list[int]:
    return [
        number
        for number, operation in enumerate(graph.operations)
        if operation.kind not in ("zero", "identity")
    ]


def _longest(graph: CellGraph) -> int:
    """How many operations of a path are told apart."""
    num_letters, num_names = len(_letters(graph)), graph.spec.inputs
    for length in range(graph.spec.nodes):
        num_names += graph.spec.inputs * num_letters ** (length + 1)
        if num_names > MAX_NAMES:
            return length
    return graph.spec.nodes
