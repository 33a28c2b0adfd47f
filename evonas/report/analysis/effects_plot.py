"""Plot main effects: one row per objective, the strongest choices first."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from evonas.analysis.cross_validation import Fit
from evonas.analysis.effects import Effect
from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.saving import save_figure

EFFECTS_PICTURE = "effects.png"
NUM_SHOWN = 14  # of each kind
_GAUSSIAN, _ADDITIVE = "#c2410c", "#64748b"


def draw_effects(
    effects: Sequence[Effect], fits: Sequence[Fit], *, path: Path, title: str
) -> None:
    """Write a PNG with the largest effects on every objective, by both models, with errors.

    The title of each panel gives the R2 of the models on held-out candidates.
    """
    objectives = list(dict.fromkeys(effect.objective for effect in effects))
    kinds = list(dict.fromkeys(effect.kind for effect in effects))
    figure = Figure(figsize=(5.6 * len(kinds), 3.9 * len(objectives)), layout="constrained")
    grid = figure.subplots(len(objectives), len(kinds), squeeze=False)
    for row, objective in zip(grid, objectives, strict=True):
        for axis, kind in zip(row, kinds, strict=True):
            some = [e for e in effects if (e.objective, e.kind) == (objective, kind)]
            some = sorted(some, key=lambda e: -abs(e.effect))[:NUM_SHOWN][::-1]
            places = range(len(some))
            for shift, colour, name, values, errors in (
                (0.14, _GAUSSIAN, "Gaussian process", [e.effect for e in some],
                 [e.error for e in some]),
                (-0.14, _ADDITIVE, "additive", [e.additive for e in some],
                 [e.additive_error for e in some]),
            ):  # fmt: skip
                axis.errorbar(
                    values, [p + shift for p in places], xerr=errors, fmt="o", markersize=4,
                    color=colour, elinewidth=1, label=name,
                )  # fmt: skip
            labels = [f"{e.choice} at {e.gene}  ({e.seen})" for e in some]
            axis.set_yticks(list(places), labels, fontsize=7)
            axis.axvline(0.0, color="#9ca3af", linewidth=0.8)
            axis.grid(axis="x", color="#e5e7eb", linewidth=0.6)
            axis.set_axisbelow(True)
            if OBJECTIVES[objective].unit != "fraction":
                axis.xaxis.set_major_formatter(EngFormatter(sep=""))
            axis.set_xlabel(f"effect on {objective} ({OBJECTIVES[objective].unit})", fontsize=8)
            axis.set_title(f"{kind}s; {_quality(fits, objective)}", fontsize=8)
    handles, names = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(f"{title}; bars: one standard error; (n): number of candidates", fontsize=10)
    save_figure(figure, path)


def _quality(fits: Sequence[Fit], objective: str) -> str:
    """R2 of each model on held-out candidates, as text."""
    some = [fit for fit in fits if fit.objective == objective]
    return "held-out R2 " + ", ".join(f"{fit.r2:.2f} ({fit.model})" for fit in some)
