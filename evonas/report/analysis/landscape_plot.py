"""Contour plot of the loss around trained weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, StrMethodFormatter

from evonas.report.saving import save_figure

NUM_LEVELS = 16


def landscape_picture(key: str) -> str:
    """File name of the picture for one network."""
    return f"landscape-{key}.png"


def draw_landscape(
    surface: Sequence[Sequence[float]], steps: Sequence[float], *, path: Path, title: str
) -> None:
    """Write a PNG: contours of the loss on a logarithmic scale, centred on the trained weights.

    Args:
        surface: losses, one row per step along the first direction; may hold NaN and infinity.
        steps: steps along each direction, in units of the weights' own norm.
        path: path of the picture.
        title: title above the plot.
    """
    values = np.asarray(surface, dtype=float)
    shown = np.ma.masked_invalid(np.where(values > 0, values, np.nan))
    low, high = float(shown.min()), float(shown.max())
    if not high > low > 0:
        low, high = max(low, 1e-9) * 0.9, max(high, 1e-9) * 1.1
    levels = np.geomspace(low, high, NUM_LEVELS)
    figure = Figure(figsize=(5.6, 4.8), layout="constrained")
    axis = figure.subplots()
    scale = LogNorm(low, high)
    filled = axis.contourf(steps, steps, shown.T, levels=levels, norm=scale, cmap="viridis")
    lines = axis.contour(steps, steps, shown.T, levels=levels, colors="white", linewidths=0.4)
    axis.clabel(lines, levels[::3], fontsize=6, fmt="%.2g")
    axis.plot([0], [0], marker="+", color="#c2410c", markersize=9)
    bar = figure.colorbar(filled, ax=axis, label="cross-entropy (nats)")
    bar.ax.yaxis.set_major_formatter(StrMethodFormatter("{x:.2g}"))
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(MultipleLocator(0.5))
    axis.set_xlabel("first direction (filter-normalised)")
    axis.set_ylabel("second direction")
    axis.set_aspect("equal")
    figure.suptitle(title, fontsize=10)
    save_figure(figure, path)
