"""Plot rules by depth: shares on the front and among all candidates, and their difference."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from evonas.analysis.enrichment import RuleShare
from evonas.report.saving import save_figure

ENRICHMENT_PICTURE = "enrichment.png"
SHARES_PICTURE = "shares.png"
LEVEL = 0.05
MIN_SCALE = 0.1  # lower limit of the colour scale, so that small differences look small


def draw_enrichment(cells: Sequence[RuleShare], *, path: Path, title: str) -> None:
    """Write a PNG: share on the front minus share among all, for every rule at every depth.

    A star marks cells that are significant at 5 % after Holm's adjustment. In grey cells no test
    is possible.
    """
    depths, rules = _axes_of(cells)
    values = np.array([c.difference for c in cells]).reshape(len(depths), len(rules)).T
    p = np.array([c.p for c in cells]).reshape(len(depths), len(rules)).T
    holm = np.array([c.p_holm for c in cells]).reshape(len(depths), len(rules)).T
    figure = Figure(
        figsize=(1.9 + 0.95 * len(depths), 1.9 + 0.5 * len(rules)), layout="constrained"
    )
    axis = figure.subplots()
    shown = np.where(np.isnan(p), np.nan, values)
    known = np.abs(shown[~np.isnan(shown)])
    limit = max(MIN_SCALE, float(known.max(initial=0.0)))
    axis.set_facecolor("#e5e7eb")
    image = axis.imshow(shown, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    for row, column in np.ndindex(shown.shape):
        if not math.isnan(shown[row, column]):
            star = " *" if holm[row, column] < LEVEL else ""
            dark = abs(shown[row, column]) > 0.6 * limit
            text = f"{shown[row, column]:+.2f}{star}\np {p[row, column]:.2g}"
            colour = "white" if dark else "black"
            axis.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axis.set_xticks(range(len(depths)), depths, rotation=30, ha="right")
    axis.set_yticks(range(len(rules)), rules)
    figure.colorbar(image, ax=axis, label="share on the front minus share among all")
    figure.suptitle(title, fontsize=10)
    axis.set_xlabel("p: permutation test; *: p < 0.05 after Holm; grey: not testable", fontsize=8)
    save_figure(figure, path)


def draw_shares(cells: Sequence[RuleShare], *, path: Path, title: str) -> None:
    """Write a PNG with the share of every rule among the sites with weights at each depth."""
    depths, rules = _axes_of(cells)
    figure = Figure(figsize=(2.2 + 1.5 * len(depths), 4.0), layout="constrained")
    axes = list(figure.subplots(1, 2, sharey=True))
    titles = ("front", "all candidates")
    names = (("share_front", "sites_front"), ("share_all", "sites_all"))
    for axis, name, (share, sites) in zip(axes, titles, names, strict=True):
        values = np.array([getattr(c, share) for c in cells]).reshape(len(depths), len(rules))
        counts = np.array([getattr(c, sites) for c in cells]).reshape(len(depths), len(rules))
        _draw_bars(axis, depths, rules, np.nan_to_num(values))
        for place, count in enumerate(counts.sum(axis=1)):
            axis.text(place, 1.01, str(count), ha="center", va="bottom", fontsize=7)
        axis.set_title(f"{name} (above the bars: number of sites)", fontsize=9, pad=14)
    axes[0].set_ylabel("share of sites with weights")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(rules), frameon=False)
    figure.suptitle(title, fontsize=10)
    save_figure(figure, path)


def _draw_bars(
    axis: Axes, depths: Sequence[str], rules: Sequence[str], shares: np.ndarray[Any, Any]
) -> None:
    colours = colormaps["tab10" if len(rules) <= 10 else "tab20"]
    bottom = np.zeros(len(depths))
    for number, rule in enumerate(rules):
        colour = to_hex(colours(number % colours.N))
        axis.bar(depths, shares[:, number], bottom=bottom, color=colour, label=rule, width=0.8)
        bottom += shares[:, number]
    axis.set_ylim(0, 1.08)
    axis.tick_params(axis="x", rotation=30)


def _axes_of(cells: Sequence[RuleShare]) -> tuple[list[str], list[str]]:
    return list(dict.fromkeys(c.depth for c in cells)), list(dict.fromkeys(c.rule for c in cells))
