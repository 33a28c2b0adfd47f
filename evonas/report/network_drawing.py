"""Draw a whole network as SVG: every layer with weights in the colour of its rule."""

from collections.abc import Mapping, Sequence
from html import escape

from evonas.report.rule_colours import Look
from evonas.space import Blueprint, Position

WIDTH, HEIGHT, GAP, TOP = 84.0, 30.0, 22.0, 58.0  # of boxes and margins, in drawing units
FONT = 'font-family="Helvetica, Arial, sans-serif"'
INK = "#1f2937"

Sites = Sequence[tuple[Position, str]]
"""The sites whose weights are trained, in the order of the forward pass."""


def network_as_svg(
    blueprint: Blueprint, sites: Sites, looks: Mapping[str, Look], *, title: str
) -> str:
    """One column per block, from the image on the left to the logits on the right.

    A column has a box for each layer with weights that reach the logits, labelled with its rule
    and operation. Blocks with a dashed border halve the image.

    Args:
        blueprint: blueprint of one genome.
        sites: live sites of the same genome, see
            :func:`evonas.analysis.rule_sites.live_sites`.
        looks: looks of the rules, keyed by name.
        title: description of the drawing, for screen readers.
    """
    by_position: dict[str, list[str]] = {position.name: [] for position in blueprint.positions}
    for position, site in sites:
        by_position[position.name].append(site)
    most = max((len(some) for some in by_position.values()), default=1) or 1
    height = TOP + most * (HEIGHT + 6) + 12
    width = GAP + len(blueprint.positions) * (WIDTH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" {FONT} role="img" '
        f'aria-label="{escape(title)}">'
    ]
    middle = TOP + most * (HEIGHT + 6) / 2
    for number, position in enumerate(blueprint.positions):
        x = GAP + number * (WIDTH + GAP)
        mine = by_position[position.name]
        parts += _column(blueprint, position, mine, looks, x=x, height=height)
        if number:
            parts.append(
                f'<path d="M{x - GAP + 3:.0f},{middle:.0f} h{GAP - 8:.0f} m-4,-4 l4,4 l-4,4" '
                f'fill="none" stroke="{INK}"/>'
            )
    return "\n".join([*parts, "</svg>"])


def _column(
    blueprint: Blueprint,
    position: Position,
    sites: Sequence[str],
    looks: Mapping[str, Look],
    *,
    x: float,
    height: float,
) -> list[str]:
    unit = "features" if position.kind == "classifier" else "channels"
    name = position.name.replace("stage", "stage ").replace(".cell", ", cell ")
    dashes = ' stroke-dasharray="5 3"' if position.is_strided else ""
    parts = [
        f'<rect x="{x - 4:.0f}" y="4" width="{WIDTH + 8:.0f}" height="{height - 8:.0f}" rx="5" '
        f'fill="#f8fafc" stroke="#94a3b8"{dashes}/>',
        f'<text x="{x + WIDTH / 2:.0f}" y="22" text-anchor="middle" font-size="11" '
        f'font-weight="bold" fill="{INK}">{escape(name)}</text>',
        f'<text x="{x + WIDTH / 2:.0f}" y="38" text-anchor="middle" font-size="10" '
        f'fill="{INK}">{position.channels} {unit}</text>',
    ]
    for number, site in enumerate(sites):
        rule = blueprint.rules[site]
        look = looks[rule]
        y = TOP + number * (HEIGHT + 6)
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH:.0f}" height="{HEIGHT:.0f}" rx="3" '
            f'fill="{look.colour}" fill-opacity="0.42" stroke="{look.colour}" '
            f'stroke-width="2" stroke-dasharray="{look.dashes}"/>'
            f'<text x="{x + WIDTH / 2:.0f}" y="{y + 13:.0f}" text-anchor="middle" '
            f'font-size="12" font-weight="bold" fill="#000">{escape(rule)}</text>'
            f'<text x="{x + WIDTH / 2:.0f}" y="{y + 25:.0f}" text-anchor="middle" '
            f'font-size="9" fill="#000">{escape(_operation(blueprint, position, site))}</text>'
        )
    if not sites:
        parts.append(
            f'<text x="{x + WIDTH / 2:.0f}" y="{TOP + 16:.0f}" text-anchor="middle" '
            f'font-size="10" fill="#475569">no weights</text>'
        )
    return parts


def _operation(blueprint: Blueprint, position: Position, site: str) -> str:
    """Label of a site: the operation of an edge, the kind of its block, or the site's part."""
    part = site.removeprefix(f"{position.name}.")
    if position.cell is not None and part.startswith("edge"):
        edges = {edge.name: edge for edge in blueprint.cells[position.cell].edges}
        if (edge := edges.get(part.removeprefix("edge"))) is not None:
            return edge.operation.name
    return position.kind if part == position.name else part
