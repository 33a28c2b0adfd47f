"""The canonical expression of a cell, shared by isomorphic cells (Dong and Yang 2020).

NAS-Bench-201 treats two of its cells as the same if these expressions are equal (NATS-Bench,
``to_unique_str(consider_zero=True)``), which gives 6,466 classes of 15,625 cells:

- the term of an edge is ``#`` if its operation is zero or its source's expression is ``#``; the
  source's expression if the operation is the identity; else ``(source)@label``;
- a node is the sorted sum of its terms.

We keep the benchmark's partition, so that a key here corresponds to a row of its tables. It has
two peculiarities. Zero terms stay in the sum: ``#+x`` and ``x`` are one function but two
expressions (folding them too would leave 4,930 classes). And an expression does not say whether
two equal terms share their weights: one node read twice equals two nodes that compute the same.
"""

from collections.abc import Sequence
from hashlib import blake2b

from evonas.space.cell import CellGraph, Wire

# Longer expressions are replaced by their digest, since every dense node doubles the length.
MAX_EXPRESSION_CHARACTERS = 400


def expression(
    graph: CellGraph,
    wires: Sequence[Wire],
    *,
    leaves: Sequence[str],
    labels: Sequence[str | None],
) -> str:
    """Return the expression of one instance of a cell.

    Args:
        graph: the cell.
        wires: its edges, by target.
        leaves: symbol of each input.
        labels: label of every edge: its operation, with the rule if it has live weights; None for
            an identity that passes its source on unchanged.

    Returns:
        The last node's expression (join ``last``), the sorted sum of all nodes (``sum``) or their
        list (``concat``, whose order is the order of the channels). Edges that do not reach the
        output do not occur in it.
    """
    nodes = [*leaves]
    terms: list[str] = []
    last = len(wires) - 1
    for index, (source, target, operation) in enumerate(wires):
        read = nodes[source]
        label = labels[index]
        if operation == graph.zero or read == "#":
            terms.append("#")
        elif label is None:
            terms.append(read)
        else:
            terms.append(f"({read})@{label}")
        if index == last or wires[index + 1].target != target:
            nodes.append(_bounded("+".join(sorted(terms))))
            terms = []
    computed = nodes[graph.spec.inputs :]
    if graph.spec.join == "last":
        return computed[-1]
    if graph.spec.join == "sum":
        return "+".join(sorted(computed))
    return ",".join(computed)


def digest(text: str) -> str:
    """Return the BLAKE2b hash of an expression as 16 hexadecimal digits."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _bounded(text: str) -> str:
    if len(text) <= MAX_EXPRESSION_CHARACTERS:
        return text
    return f"${blake2b(text.encode(), digest_size=16).hexdigest()}"
