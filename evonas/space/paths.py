"""Paths of a cell: the sequences of operations from one of its inputs to its output.

This is the path encoding of White, Neiswanger and Savani (2021, BANANAS). A surrogate learns from
it more easily than from the operations of edges, because cells that compute nearly the same share
many paths, however their nodes are numbered. Identities are left out of a path.
"""

from collections.abc import Sequence
from itertools import product
from typing import final

from evonas.space.cell import CellAnalysis, CellGraph
from evonas.space.genome import Genome

MAX_NAMES = 256
"""Maximum number of paths of one cell; longer paths are cut to their last operations."""

Path = tuple[int, ...]
"""Number of the input, then the indices of the operations."""


@final
class Paths:
    """All paths of all cells of a space, numbered; learning rules are ignored.

    Args:
        graphs: cells, in the order of their genes, which come first in a genome.

    Attributes:
        names: names of all possible paths, ``cell:input>operation>operation``.
    """

    def __init__(self, graphs: Sequence[CellGraph]) -> None:
        self._graphs = graphs
        self._numbers: list[dict[Path, int]] = []
        names: list[str] = []
        for graph in graphs:
            paths = _all_paths(graph)
            self._numbers.append({path: len(names) + n for n, path in enumerate(paths)})
            names += paths.values()
        self.names = tuple(names)

    def of(self, genome: Genome) -> frozenset[int]:
        """Return the numbers of the live paths: those that carry a signal to a cell's output."""
        found: set[int] = set()
        first = 0
        for graph, numbers in zip(self._graphs, self._numbers, strict=True):
            values = genome.values[first : first + len(graph.genes)]
            found.update(numbers[path] for path in live_paths(graph, graph.analyse(values)))
            first += len(graph.genes)
        return frozenset(found)


def _all_paths(graph: CellGraph) -> dict[Path, str]:
    """Return every path of a cell with its name, shortest first."""
    names = [operation.name for operation in graph.operations]
    return {
        (source, *steps): f"{graph.name}:{source}{''.join('>' + names[step] for step in steps)}"
        for length in range(_longest(graph) + 1)
        for steps in product(_counted_operations(graph), repeat=length)
        for source in range(graph.spec.inputs)
    }


def live_paths(graph: CellGraph, analysis: CellAnalysis) -> set[Path]:
    """Return the paths of one cell that carry a signal to its output."""
    counted, longest = set(_counted_operations(graph)), _longest(graph)
    at: list[set[Path]] = [{(source,)} for source in range(graph.spec.inputs)]
    at += [set() for _ in graph.targets]
    for wire, is_live in zip(analysis.wires, analysis.live, strict=True):
        if not is_live:
            continue
        step = (wire.operation,) if wire.operation in counted else ()
        for source, *steps in at[wire.source]:
            whole = (*steps, *step)
            at[wire.target].add((source, *whole[max(0, len(whole) - longest) :]))
    ends = at[-1:] if graph.spec.join == "last" else at[graph.spec.inputs :]
    return set().union(*ends)


def _counted_operations(graph: CellGraph) -> list[int]:
    """Return the indices of the operations that a path names: neither zero nor identity."""
    return [
        number
        for number, operation in enumerate(graph.operations)
        if operation.kind not in ("zero", "identity")
    ]


def _longest(graph: CellGraph) -> int:
    """Return how many operations of a path are kept."""
    num_operations, num_names = len(_counted_operations(graph)), graph.spec.inputs
    for length in range(graph.spec.nodes):
        num_names += graph.spec.inputs * num_operations ** (length + 1)
        if num_names > MAX_NAMES:
            return length
    return graph.spec.nodes
