"""The genomes of a factorised distribution, most probable first."""

import heapq
from collections.abc import Iterator

import numpy as np

from evonas.search.supernet_guided.guide_protocol import Logits
from evonas.search.supernet_guided.logits import LogitSpace
from evonas.space import Genome


def most_probable(space: LogitSpace, row: Logits) -> Iterator[Genome]:
    """Yield genomes by decreasing sum of their logits; not canonical.

    Of all genomes that differ only in inactive rules, it yields only the best. In a cell of skips
    most rules are inactive, so the genomes with the largest sums could otherwise all be the same
    network.

    In each gene, the choices are ranked by their logit's distance to the best. Every genome is
    reached from the best one by a unique sequence of steps, each of which raises one rank by one:
    that of the gene raised last, or of a later gene. A heap with the successors of all genomes
    taken so far therefore contains the next one (Lawler 1972).

    An inactive rule is not raised. Rules are the last genes, and none activates another, so all
    genomes reached through it are the same networks without it.
    """
    genes = space.problem.genes
    num_others = max((i + 1 for i, gene in enumerate(genes) if gene.kind != "rule"), default=0)
    ranked = [np.argsort(-gene, kind="stable") for gene in space.genes(row)]
    lacks = [
        (gene.max() - gene[order]).tolist()
        for gene, order in zip(space.genes(row), ranked, strict=True)
    ]
    heap: list[tuple[float, tuple[int, ...], int]] = [(0.0, (0,) * len(ranked), 0)]
    while heap:
        lack, ranks, first = heapq.heappop(heap)
        values = (int(order[rank]) for order, rank in zip(ranked, ranks, strict=True))
        genome = Genome(tuple(values))
        yield genome
        is_active = space.problem.is_active(genome)
        for gene in range(first, len(ranks)):
            rank = ranks[gene] + 1
            if rank < len(lacks[gene]) and (gene < num_others or is_active[gene]):
                more = lacks[gene][rank] - lacks[gene][rank - 1]
                raised = (*ranks[:gene], rank, *ranks[gene + 1 :])
                heapq.heappush(heap, (lack + more, raised, gene))
