"""Plot the normalised variance and the alignment of updates, layer by layer."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from evonas.analysis.noise_comparison import OWN
from evonas.evaluation.diagnostics.update_noise import LayerNoise
from evonas.report.saving import save_figure


def gradients_picture(key: str) -> str:
    """File name of the picture for one network."""
    return f"gradients-{key}.png"


def draw_gradients(
    found: Mapping[str, Sequence[LayerNoise]], *, batches: int, path: Path, title: str
) -> None:
    """Write a PNG for one network: one column per state of its weights, and two rows.

    Args:
        found: noise of the layers, keyed by state of the weights.
        batches: number of mini-batches, which is roughly the largest measurable variance.
        path: path of the picture.
        title: title above the panels.
    """
    layers = max(len({one.layer for one in some}) for some in found.values())
    width = max(5.0, 0.32 * layers + 1.6)
    figure = Figure(figsize=(width * len(found), 7.4), layout="constrained")
    grid = figure.subplots(2, len(found), squeeze=False, sharex="col", sharey="row")
    for column, (state, some) in enumerate(found.items()):
        names = list(dict.fromkeys(one.layer for one in some))
        _draw(grid[0][column], some, names, "nv")
        _draw(grid[1][column], some, names, "cosine")
        grid[0][column].axhline(batches, color="#9ca3af", linestyle=":", linewidth=1)
        grid[0][column].set_yscale("log")
        grid[0][column].set_title(f"{state} weights", fontsize=10)
        grid[1][column].set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    grid[0][0].set_ylabel("normalised variance (dotted: pure noise)")
    grid[1][0].set_ylabel("cosine with back-propagation")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle(title, fontsize=10)
    save_figure(figure, path)


def _draw(axis: Axes, some: Sequence[LayerNoise], names: Sequence[str], value: str) -> None:
    colours = colormaps["tab10"]
    for number, assignment in enumerate(dict.fromkeys(one.assignment for one in some)):
        points = [
            (names.index(one.layer), getattr(one, value))
            for one in some
            if one.assignment == assignment and math.isfinite(getattr(one, value))
        ]
        is_own = assignment == OWN
        axis.plot(
            [x for x, _ in points],
            [y for _, y in points],
            marker="o" if is_own else ".",
            linewidth=2.0 if is_own else 0.9,
            color="black" if is_own else to_hex(colours((number - 1) % colours.N)),
            label="own rules" if is_own else assignment,
            zorder=3 if is_own else 2,
        )
    axis.grid(color="#e5e7eb", linewidth=0.6)
    axis.set_axisbelow(True)
