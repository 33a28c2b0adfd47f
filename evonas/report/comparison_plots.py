"""Plot groups of runs: hypervolume over evaluations and seconds, attainment surfaces."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, NullLocator, StrMethodFormatter

from evonas.benchmarking.comparison import Comparison, RunScores
from evonas.benchmarking.statistics import bootstrap_interval
from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.saving import save_figure

COURSE_PICTURE = "hypervolume.png"
ATTAINMENT_PICTURE = "attainment.png"

_PANEL_INCHES = 4.6
_MAX_CHECKPOINTS = 8  # up to this number, every checkpoint is labelled on the axis
_MAX_POINTS = 120  # of a curve; each point needs a bootstrap
_SCORES = {
    "hypervolume": "hypervolume of the archive",
    "hv_share": "share of the true front's hypervolume",
    "value": "reported value of the best",
}


def draw_trajectories(comparison: Comparison, *, path: Path) -> None:
    """Write a PNG: mean over the runs of each group with its 95 % bootstrap interval.

    One panel is over evaluations, on a logarithmic axis. If all runs have times, a second panel is
    over the seconds that candidates took; there the curve of a group ends where its first run
    ends.
    """
    has_seconds = all(run.seconds is not None for run in comparison.runs)
    panels = 2 if has_seconds else 1
    figure = Figure(figsize=(_PANEL_INCHES * panels + 0.6, _PANEL_INCHES), layout="constrained")
    axes = list(figure.subplots(1, panels, squeeze=False, sharey=True).flat)
    for label, colour in zip(comparison.labels, _colours(len(comparison.labels)), strict=True):
        runs = [run for run in comparison.runs if run.label == label]
        _draw_band(axes[0], label, colour, *_over_evaluations(runs))
        if has_seconds:
            _draw_band(axes[1], label, colour, *_over_seconds(runs))
    _count_logarithmically(axes[0], comparison.runs[0].evaluations)
    axes[0].set_ylabel(_SCORES[comparison.score])
    if has_seconds:
        axes[1].set_xlabel("seconds of training and measuring, summed over workers")
    for axis in axes:
        _draw_grid(axis)
    _finish(figure, axes[0], "mean and 95 % bootstrap interval over runs", path=path)


def draw_attainment(comparison: Comparison, objectives: Sequence[str], *, path: Path) -> None:
    """Write a PNG: the median attainment surface of each group, for two objectives.

    Half of the runs of a group attain every point that its line dominates. Faint points are the
    fronts of the runs.
    """
    figure = Figure(figsize=(_PANEL_INCHES + 1.4, _PANEL_INCHES), layout="constrained")
    axis = figure.subplots()
    x, y = (OBJECTIVES[name] for name in objectives)
    signs = np.array([x.minimised(1.0), y.minimised(1.0)])
    fronts = {
        label: np.array([v for front in some for v in front]).reshape(-1, 2) * signs
        for label, some in comparison.fronts.items()
    }
    for label, colour in zip(comparison.labels, _colours(len(comparison.labels)), strict=True):
        points = fronts[label]
        axis.scatter(points[:, 0], points[:, 1], s=10, color=colour, alpha=0.25, linewidths=0)
        surface = np.array(comparison.surfaces[label]).reshape(-1, 2) * signs
        # sorted by the first objective; the second is constant until the next corner
        axis.step(surface[:, 0], surface[:, 1], where="post", color=colour, label=label)
        axis.scatter(surface[:, 0], surface[:, 1], s=14, color=colour, zorder=3)
    for axis_side, objective in ((axis.xaxis, x), (axis.yaxis, y)):
        better = "higher" if objective.direction == "maximise" else "lower"
        axis_side.set_label_text(f"{objective.name} ({objective.unit}, {better} is better)")
        if objective.unit != "fraction":
            axis_side.set_major_formatter(EngFormatter(sep=""))  # 1.5M for 1500000
    _draw_grid(axis)
    _finish(figure, axis, "median attainment surfaces; points: fronts of the runs", path=path)


def _count_logarithmically(axis: Axes, evaluations: Sequence[int]) -> None:
    """Use a logarithmic axis with integer labels, at the checkpoints if there are few."""
    axis.set_xscale("log")
    axis.set_xlabel("evaluations, failures included")
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
    if len(evaluations) <= _MAX_CHECKPOINTS:
        axis.xaxis.set_major_locator(FixedLocator(list(evaluations)))
        axis.xaxis.set_minor_locator(NullLocator())


def _over_evaluations(runs: Sequence[RunScores]) -> tuple[list[float], list[list[float]]]:
    evaluations = runs[0].evaluations
    chosen = _thinned(len(evaluations))
    return [float(evaluations[i]) for i in chosen], [
        [r.trajectory[i] for r in runs] for i in chosen
    ]


def _over_seconds(runs: Sequence[RunScores]) -> tuple[list[float], list[list[float]]]:
    """Scores on a common time grid, from when every run has a result until the first run ends."""
    times = [np.array(run.seconds) for run in runs]
    grid = np.linspace(max(t[0] for t in times), min(t[-1] for t in times), _MAX_POINTS)
    rows = [np.searchsorted(t, grid, side="right") - 1 for t in times]
    return grid.tolist(), [
        [run.trajectory[row[i]] for run, row in zip(runs, rows, strict=True)]
        for i in range(len(grid))
    ]


def _thinned(length: int) -> list[int]:
    if length <= _MAX_POINTS:
        return list(range(length))
    numbers = np.geomspace(1, length, _MAX_POINTS).round().astype(int)
    return [int(number) - 1 for number in np.unique(numbers)]


def _draw_band(
    axis: Axes, label: str, colour: str, xs: Sequence[float], samples: Sequence[Sequence[float]]
) -> None:
    means = [float(np.mean(sample)) for sample in samples]
    axis.plot(xs, means, color=colour, label=f"{label} ({len(samples[0])} runs)", linewidth=1.5)
    if len(samples[0]) > 1:
        low, high = zip(*(bootstrap_interval(sample) for sample in samples), strict=True)
        axis.fill_between(xs, low, high, color=colour, alpha=0.15, linewidth=0)


def _colours(count: int) -> list[str]:
    table = colormaps["tab10" if count <= 10 else "tab20"]
    return [to_hex(table(i % table.N)) for i in range(count)]


def _draw_grid(axis: Axes) -> None:
    axis.grid(color="#e5e7eb", linewidth=0.6)
    axis.set_axisbelow(True)


def _finish(figure: Figure, axis: Axes, title: str, *, path: Path) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)
