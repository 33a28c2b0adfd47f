"""Draw the cells of a genome as SVG and as lines of text."""

from collections.abc import Mapping, Sequence
from html import escape

from evonas.space import CellPlan, Edge

CELLS_FOLDER = "cells"
STEP, TOP, RADIUS, LABEL = 150.0, 40.0, 17.0, 12  # in units of the drawing; LABEL: font size
LIVE, DEAD = "#1f3a5f", "#9aa5b1"
FONT = 'font-family="Helvetica, Arial, sans-serif"'


def cells_as_text(cells: Mapping[str, CellPlan]) -> list[str]:
    """One line for every computed node, with the terms of its sum.

    Zero edges are left out. Terms in brackets are never run: they reach no output, or their input
    is zero.
    """
    lines = []
    for cell in cells.values():
        for node in range(cell.inputs, cell.inputs + cell.nodes):
            edges = [e for e in cell.edges if e.target == node and e.operation.kind != "zero"]
            terms = [_term(edge, cell) for edge in edges]
            lines.append(f"{cell.name}  {_name(node, cell)} = {' + '.join(terms) or '0'}")
        lines.append(f"{cell.name}  output = {_join(cell)}")
    return lines


def cells_as_svg(cells: Mapping[str, CellPlan], *, title: str) -> str:
    """All cells, one below the other; dashed edges are never run, zero edges are left out.

    Args:
        cells: cells keyed by name, as returned by :meth:`Space.decode`.
        title: title above the first cell.
    """
    parts: list[str] = []
    y, width = TOP + 20, 0.0
    for cell in cells.values():
        drawn, height = _cell(cell, y=y)
        parts += drawn
        y += height
        width = max(width, STEP * (cell.inputs + cell.nodes + 1))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {y:.0f}" {FONT} '
        f'role="img" aria-label="{escape(title)}">\n'
        f'<rect width="{width:.0f}" height="{y:.0f}" fill="white"/>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{LIVE}"/></marker>'
        "</defs>\n"
        f'<text x="12" y="26" font-size="15" font-weight="bold">{escape(title)}</text>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _cell(cell: CellPlan, *, y: float) -> tuple[list[str], float]:
    """The elements of one cell, starting at height ``y``, and the height that they take."""
    edges = [edge for edge in cell.edges if edge.operation.kind != "zero"]
    twins = [_twins(edge, edges) for edge in edges]
    lift = max((_lift(edge, twin) for edge, twin in zip(edges, twins, strict=True)), default=40.0)
    middle = y + lift + 30
    last = cell.inputs + cell.nodes
    parts = [f'<text x="12" y="{y + 4:.0f}" font-size="13">cell {escape(cell.name)}</text>']
    parts += [_edge(edge, twin, middle) for edge, twin in zip(edges, twins, strict=True)]
    for source in _joined(cell):
        x1, x2 = _x(source) + RADIUS, _x(last) - RADIUS - 2
        bend = middle + 30 + 12 * (last - source)
        parts.append(
            f'<path d="M{x1:.0f},{middle:.0f} Q{(x1 + x2) / 2:.0f},{bend:.0f} {x2:.0f},'
            f'{middle:.0f}" fill="none" stroke="{LIVE}" marker-end="url(#tip)"/>'
        )
    for node in range(last):
        parts.append(_node(_x(node), middle, _name(node, cell)))
    parts.append(_node(_x(last), middle, "out"))
    return parts, lift + 30 + 40 + 12 * len(_joined(cell)) + 20


def _edge(edge: Edge, twin: int, middle: float) -> str:
    x1, x2 = _x(edge.source) + RADIUS * 0.7, _x(edge.target) - RADIUS * 0.7
    top = middle - 2 * _lift(edge, twin)  # of the control point: the curve reaches half of it
    colour = LIVE if edge.is_live else DEAD
    dashes = "" if edge.is_live else ' stroke-dasharray="5 4"'
    tip = ' marker-end="url(#tip)"' if edge.is_live else ""
    x, y = (x1 + x2) / 2, middle - _lift(edge, twin) - 5
    name = escape(edge.operation.name)
    half = 3.3 * len(edge.operation.name) + 3
    return (
        f'<path d="M{x1:.0f},{middle - 12:.0f} Q{x:.0f},{top:.0f} {x2:.0f},{middle - 13:.0f}" '
        f'fill="none" stroke="{colour}"{dashes}{tip}/>\n'
        f'<rect x="{x - half:.0f}" y="{y - LABEL:.0f}" width="{2 * half:.0f}" '
        f'height="{LABEL + 4}" fill="white" opacity="0.85"/>\n'
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="middle" font-size="{LABEL}" '
        f'fill="{colour}">{name}</text>'
    )


def _node(x: float, y: float, name: str) -> str:
    return (
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS:.0f}" fill="#eef3f8" stroke="{LIVE}"/>\n'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" font-size="{LABEL}">'
        f"{escape(name)}</text>"
    )


def _x(node: int) -> float:
    return 60 + STEP * node


def _lift(edge: Edge, twin: int) -> float:
    """Height of the middle of an edge above the nodes; longer edges are higher."""
    return 20.0 + 34.0 * (edge.target - edge.source - 1) + 22.0 * twin


def _twins(edge: Edge, edges: Sequence[Edge]) -> int:
    """Number of earlier edges between the same two nodes."""
    before = edges[: edges.index(edge)]
    return sum((e.source, e.target) == (edge.source, edge.target) for e in before)


def _joined(cell: CellPlan) -> list[int]:
    """The nodes from which the output is computed."""
    first, last = cell.inputs, cell.inputs + cell.nodes
    return [last - 1] if cell.join == "last" else list(range(first, last))


def _join(cell: CellPlan) -> str:
    names = ", ".join(_name(node, cell) for node in _joined(cell))
    return names if cell.join == "last" else f"{cell.join} of {names}"


def _name(node: int, cell: CellPlan) -> str:
    if node >= cell.inputs:
        return f"n{node - cell.inputs + 1}"
    return "in" if cell.inputs == 1 else ("in-2", "in-1")[node]


def _term(edge: Edge, cell: CellPlan) -> str:
    text = f"{edge.operation.name}({_name(edge.source, cell)})"
    return text if edge.is_live else f"[{text}]"
