"""The genomes of a factorised distribution, most probable first."""

import heapq
from collections.abc import Iterator

import numpy as np

from evonas.search.supernet_guided.guide_protocol import Logits
from evonas.search.supernet_guided.logits import LogitSpace
from evonas.space import Genome


def most_probable(space: LogitSpace, row: Logits) -> Iterator[Genome]:
    """Yield every genome once, by decreasing sum of its logits; not canonical.

    In each gene, the choices are ranked by their logit's distance to the best. Every genome is
    reached from the best one by a unique sequence of steps, each of which raises one rank by one:
    that of the gene raised last, or of a later gene. A heap with the successors of all genomes
    taken so far therefore contains the next one (Lawler 1972).
    """
    ranked = [np.argsort(-gene, kind="stable") for gene in space.genes(row)]
    lacks = [
        (gene.max() - gene[order]).tolist()
        for gene, order in zip(space.genes(row), ranked, strict=True)
    ]
    heap: list[tuple[float, tuple[int, ...], int]] = [(0.0, (0,) * len(ranked), 0)]
    while heap:
        lack, ranks, first = heapq.heappop(heap)
        yield Genome(tuple(int(order[rank]) for order, rank in zip(ranked, ranks, strict=True)))
        for gene in range(first, len(ranks)):
            rank = ranks[gene] + 1
            if rank < len(lacks[gene]):
                more = lacks[gene][rank] - lacks[gene][rank - 1]
                raised = (*ranks[:gene], rank, *ranks[gene + 1 :])
                heapq.heappush(heap, (lack + more, raised, gene))
