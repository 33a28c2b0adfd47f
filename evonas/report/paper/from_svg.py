"""Convert SVG drawings of evonas to matplotlib figures, so that cells can be saved as PDF.

Only the elements that :mod:`evonas.report.cell_drawing` writes are supported: lines, curves,
circles and texts.
"""

import re
from xml.etree import ElementTree

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, PathPatch
from matplotlib.path import Path as Curve

LETTERS, IN_NODES = 7.0, 5.5  # font sizes in points, independent of the drawing's scale
_SVG = "{http://www.w3.org/2000/svg}"
_SKIPPED = ("defs",)


def figure_of_svg(drawing: str, *, width_inches: float) -> Figure:
    """The drawing as a figure of the given width; the font size does not depend on the width.

    Args:
        drawing: SVG text written by evonas.
        width_inches: width of the figure.
    """
    root = ElementTree.fromstring(drawing)
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    figure = Figure(figsize=(width_inches, width_inches * height / width))
    axis = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axis.set_xlim(0, width)
    axis.set_ylim(height, 0)
    axis.set_axis_off()
    for element in root:
        kind = element.tag.removeprefix(_SVG)
        if kind == "path":
            _path(axis, element)
        elif kind == "circle":
            _circle(axis, element)
        elif kind == "text":
            _text(axis, element)
    return figure


def _path(axis: Axes, element: ElementTree.Element) -> None:
    """Draw a path ``Mx,y Qx,y x,y``, a curve from one node to another."""
    numbers = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", element.attrib["d"])]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    curve = Curve(points, [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3])
    colour = element.attrib["stroke"]
    if "marker-end" in element.attrib:
        axis.add_patch(
            FancyArrowPatch(
                path=curve, arrowstyle="-|>", mutation_scale=6, color=colour, linewidth=0.8
            )
        )
        return
    style = "--" if "stroke-dasharray" in element.attrib else "-"
    axis.add_patch(
        PathPatch(curve, facecolor="none", edgecolor=colour, linestyle=style, linewidth=0.8)
    )


def _circle(axis: Axes, element: ElementTree.Element) -> None:
    said = element.attrib
    place, radius = (float(said["cx"]), float(said["cy"])), 1.15 * float(said["r"])
    face, edge = said["fill"], said["stroke"]
    axis.add_patch(Circle(place, radius, facecolor=face, edgecolor=edge, linewidth=0.8, zorder=3))


def _text(axis: Axes, element: ElementTree.Element) -> None:
    said = element.attrib
    is_middle = said.get("text-anchor") == "middle"
    is_in_node, is_on_edge = is_middle and "fill" not in said, is_middle and "fill" in said
    axis.text(
        float(said["x"]),
        float(said["y"]),
        (element.text or "").replace("$", r"\$"),
        fontsize=IN_NODES if is_in_node else LETTERS,
        ha="center" if is_middle else "left",
        fontweight=said.get("font-weight", "normal"),
        color=said.get("fill", "black"),
        zorder=4,
        bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.6}
        if is_on_edge
        else None,
    )
