"""Plot the front of a study: one panel per pair of objectives."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.saving import save_figure
from evonas.report.visible_range import visible_range
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.likely import likely_front
from evonas.study.results.vectors import vector

_PANEL_INCHES = 4.2
_PANELS_IN_A_ROW = 3
_SIDE = 1 / 7  # share of a panel added for the axis labels of the first one
_OTHERS = "#9aa5b1"
_LIKELY = "#334155"  # a good chance of being on the front
_FRONT = "#c2410c"


def draw_front(
    candidates: Sequence[Candidate], objectives: Sequence[str], *, path: Path, title: str
) -> None:
    """Write a PNG with all candidates, in which the front is highlighted.

    With two objectives, a step line bounds the region that the front dominates. With more, each
    panel is a projection, in which points of the front may seem dominated. Where the noise is
    known, bars show one standard error of the front and of candidates that are likely to be on it.
    Candidates far from the front may lie beyond the axes.

    Args:
        candidates: candidates of a study; failed and left-out ones are not drawn.
        objectives: at least one; a single objective is drawn over the order of evaluation.
        path: path of the picture.
        title: title above the panels.
    """
    figure = front_figure(candidates, objectives, title=title)
    save_figure(figure, path)


def front_figure(
    candidates: Sequence[Candidate],
    objectives: Sequence[str],
    *,
    title: str,
    panel_inches: float = _PANEL_INCHES,
    in_a_row: int = _PANELS_IN_A_ROW,
) -> Figure:
    """The figure of :func:`draw_front`, without saving it.

    Args:
        candidates: see :func:`draw_front`.
        objectives: see :func:`draw_front`.
        title: title above the panels; empty for none.
        panel_inches: width and height of a panel.
        in_a_row: largest number of panels in a row.
    """
    pairs = list(combinations(objectives, 2))
    panels = max(1, len(pairs))
    columns = min(panels, in_a_row)
    rows = -(-panels // columns)
    figure = Figure(
        figsize=(panel_inches * columns + _SIDE * panel_inches, panel_inches * rows),
        layout="constrained",
    )
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in axes[panels:]:
        empty.remove()
    alive = [e for e in candidates if e.contends]
    chosen = front(alive, objectives)
    if pairs:
        for axis, (x, y) in zip(axes[:panels], pairs, strict=True):
            _draw_pair(axis, alive, chosen, x, y, has_steps=len(objectives) == 2)
    else:
        _draw_trajectory(axes[0], alive, objectives[0])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _draw_pair(
    axis: Axes,
    alive: Sequence[Candidate],
    chosen: Sequence[Candidate],
    x: str,
    y: str,
    *,
    has_steps: bool,
) -> None:
    keys = {e.key for e in chosen}
    likely = [e for e in likely_front(alive) if e.key not in keys]
    keys |= {e.key for e in likely}
    others = [e for e in alive if e.key not in keys]
    _draw_behind(axis, others, x, y, color=_OTHERS, name="others", is_filled=True)
    if likely:
        _draw_behind(
            axis, likely, x, y, color=_LIKELY, name="likely on the front", is_filled=False
        )
    ordered = sorted(chosen, key=lambda e: vector(e, (x, y)) or ())
    if has_steps:
        axis.step(
            [e.values[x] for e in ordered],
            [e.values[y] for e in ordered],
            # the dominated region keeps the y of a point until the x of the next point
            where="post",
            color=_FRONT,
            linewidth=1.2,
        )
    _draw_errors(axis, likely, x, y, color=_LIKELY)
    _draw_errors(axis, chosen, x, y, color=_FRONT)
    axis.scatter(
        [e.values[x] for e in ordered],
        [e.values[y] for e in ordered],
        s=34,
        marker="D",
        color=_FRONT,
        zorder=3,
        label=f"front ({len(chosen)})",
    )
    if alive:
        axis.set_xlim(visible_range(alive, x))
        axis.set_ylim(visible_range(alive, y))
    _name(axis.xaxis, x)
    _name(axis.yaxis, y)
    _draw_grid(axis)


def _draw_behind(
    axis: Axes,
    some: Sequence[Candidate],
    x: str,
    y: str,
    *,
    color: str,
    name: str,
    is_filled: bool,
) -> None:
    """Draw points that are not on the front; open markers also differ in black and white."""
    axis.scatter(
        [e.values[x] for e in some],
        [e.values[y] for e in some],
        s=18,
        facecolors=color if is_filled else "white",
        edgecolors=color,
        alpha=0.7 if is_filled else 1.0,
        linewidths=0 if is_filled else 1.2,
        label=f"{name} ({len(some)})",
    )


def _draw_errors(axis: Axes, some: Sequence[Candidate], x: str, y: str, *, color: str) -> None:
    """Draw bars of one standard error in each direction, where it is known."""
    known = [e for e in some if e.errors.get(x) is not None and e.errors.get(y) is not None]
    if known:
        axis.errorbar(
            [e.values[x] for e in known],
            [e.values[y] for e in known],
            xerr=[e.errors[x] or 0.0 for e in known],
            yerr=[e.errors[y] or 0.0 for e in known],
            fmt="none",
            ecolor=color,
            elinewidth=0.8,
            alpha=0.7,
            zorder=2,
        )


def _draw_trajectory(axis: Axes, alive: Sequence[Candidate], name: str) -> None:
    values = [e.values[name] for e in alive]
    better = max if OBJECTIVES[name].direction == "maximise" else min
    numbers = range(1, len(values) + 1)
    axis.scatter(numbers, values, s=18, color=_OTHERS, alpha=0.7, linewidths=0, label="candidate")
    axis.step(
        numbers,
        [better(values[:number]) for number in numbers],
        where="post",
        color=_FRONT,
        label="best so far",
    )
    axis.set_xlabel("evaluation, failures left out")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    _name(axis.yaxis, name)
    _draw_grid(axis)


def _name(axis: Axis, name: str) -> None:
    objective = OBJECTIVES[name]
    arrow = "higher is better" if objective.direction == "maximise" else "lower is better"
    axis.set_label_text(f"{name} ({objective.unit}, {arrow})")
    if objective.unit != "fraction":
        axis.set_major_formatter(EngFormatter(sep=""))  # 1.5M for 1500000


def _draw_grid(axis: Axes) -> None:
    axis.grid(color="#e5e7eb", linewidth=0.6)
    axis.set_axisbelow(True)
