"""The picture of the architecture: its floors and wings, with arrows from the imports."""

import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
WIDTH, LEFT = 1080, 20
ROW, GAP, BOX, LINE = 30, 34, 14, 16  # heights: title, between floors, padding, a line of wings
COLUMNS = {"search": 0, "space": 0, "evaluation": 1, "networks": 1, "rules": 1}
"""The column of a package, of two, so that no arrow crosses a box; others fill the row."""
BASE = ("settings", "schema", "strict_yaml", "seeds", "version", "registry", "errors")
"""The lowest row, which everything above may use: no arrow is drawn to it."""
FONT = 'font-family="Helvetica, Arial, sans-serif"'
HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {{height}}" {FONT} '
    'role="img" aria-label="The floors of evonas and the imports between them">\n'
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
    'markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#555"/></marker></defs>\n'
    f'<rect width="{WIDTH}" height="{{height}}" fill="white"/>\n'
)


@dataclass(frozen=True)
class Box:
    """A package of a floor, where it is drawn.

    Attributes:
        name: below ``evonas``.
        lines: its wings, with the number of modules of each.
        x: of its left side, and so are the others: in units of the picture.
        y: of its upper side.
        width: from side to side.
        height: from top to bottom.
    """

    name: str
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


def architecture_picture() -> str:
    """The whole picture as SVG; the same code gives the same text."""
    graph = grimp.build_graph("evonas", cache_dir=None)
    boxes, height = _boxes(graph)
    edges = _reduced(_edges(graph, boxes))
    body = [_arrow(boxes[a], boxes[b]) for a, b in sorted(edges)]
    body += [_drawn(box) for box in boxes.values()]
    return HEAD.format(height=height) + "\n".join(body) + "\n</svg>\n"


def floors() -> list[list[str]]:
    """The names on each floor from the top, as the import contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def _rows() -> list[list[str]]:
    rows = [[name for name in floor if name not in BASE] for floor in floors()]
    return [row for row in rows if row] + [list(BASE)]


def _boxes(graph: grimp.ImportGraph) -> tuple[dict[str, Box], float]:
    boxes: dict[str, Box] = {}
    y = 20.0
    for row in _rows():
        lines = {name: _wings(graph, name) for name in row}
        height = ROW + max(len(each) for each in lines.values()) * LINE + BOX
        for number, name in enumerate(row):
            count, at = (2, COLUMNS[name]) if name in COLUMNS else (len(row), number)
            width = (WIDTH - 2 * LEFT - 20 * (count - 1)) / count
            boxes[name] = Box(name, lines[name], LEFT + at * (width + 20), y, width, height)
        y += height + GAP
    return boxes, y - GAP + 20


def _wings(graph: grimp.ImportGraph, name: str) -> tuple[str, ...]:
    """``data 11 · training 14 ...`` on lines that fit."""
    module = f"evonas.{name}"
    wings = [child for child in sorted(graph.find_children(module)) if graph.find_children(child)]
    parts = [f"{w.removeprefix(module + '.')} {len(graph.find_descendants(w))}" for w in wings]
    return tuple(" · ".join(parts[i : i + 3]) for i in range(0, len(parts), 3))


def _edges(graph: grimp.ImportGraph, boxes: dict[str, Box]) -> set[tuple[str, str]]:
    return {
        (a, b)
        for a in boxes
        for b in boxes
        if a != b
        and b not in BASE
        and graph.direct_import_exists(
            importer=f"evonas.{a}", imported=f"evonas.{b}", as_packages=True
        )
    }


def _reduced(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the edges that follow from two others, so that the rest can be seen."""
    nodes = {node for edge in edges for node in edge}
    reached = {a: {b for x, b in edges if x == a} for a in nodes}
    for middle in nodes:  # Warshall 1962
        for a in nodes:
            if middle in reached[a]:
                reached[a] |= reached[middle]
    return {
        (a, b) for a, b in edges if not any(b in reached[c] for c in reached[a] if c not in (a, b))
    }


def _arrow(a: Box, b: Box) -> str:
    x1, x2 = a.x + a.width / 2, b.x + b.width / 2
    low, high = max(a.x, b.x) + 10, min(a.x + a.width, b.x + b.width) - 10
    if low < high:  # one above the other: straight down
        x1 = x2 = (low + high) / 2
    return (
        f'<line x1="{x1:.0f}" y1="{a.y + a.height:.0f}" x2="{x2:.0f}" y2="{b.y - 1:.0f}" '
        'stroke="#555" stroke-width="1.2" marker-end="url(#tip)"/>'
    )


def _drawn(box: Box) -> str:
    middle = box.x + box.width / 2
    parts = [
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" rx="6" fill="#eef3f8" stroke="#35577d"/>',
        f'<text x="{middle:.0f}" y="{box.y + 24:.0f}" text-anchor="middle" font-size="15" '
        f'font-weight="bold">{escape(box.name)}</text>',
    ]
    for number, line in enumerate(box.lines):
        y = box.y + ROW + BOX + number * LINE
        parts.append(
            f'<text x="{middle:.0f}" y="{y:.0f}" text-anchor="middle" font-size="12" '
            f'fill="#333">{escape(line)}</text>'
        )
    return "\n".join(parts)
