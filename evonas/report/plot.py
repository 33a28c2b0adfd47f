"""The front of a study as a picture: one panel for each pair of objectives."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.study.progress import front, vector

_PANEL_INCHES = 4.2
_PANELS_IN_A_ROW = 3
_DOMINATED = "#9aa5b1"
_FRONT = "#c2410c"


def draw_front(
    evaluations: Sequence[Evaluation], objectives: Sequence[str], *, path: Path, title: str
) -> None:
    """Write a PNG with every candidate and the front among them.

    With two objectives the front is joined by the steps that bound what it dominates; with more, a
    panel shows a projection, where a point of the front can lie behind others.

    Args:
        evaluations: of a study; what failed or was left out is not drawn.
        objectives: at least one; a single one is drawn over the order of evaluation.
        path: of the picture.
        title: above the panels.
    """
    pairs = list(combinations(objectives, 2))
    panels = max(1, len(pairs))
    columns = min(panels, _PANELS_IN_A_ROW)
    rows = -(-panels // columns)
    figure = Figure(
        figsize=(_PANEL_INCHES * columns + 0.6, _PANEL_INCHES * rows), layout="constrained"
    )
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in axes[panels:]:
        empty.remove()
    alive = [e for e in evaluations if e.contends]
    chosen = front(alive, objectives)
    if pairs:
        for axis, (x, y) in zip(axes[:panels], pairs, strict=True):
            _draw_pair(axis, alive, chosen, x, y, has_steps=len(objectives) == 2)
    else:
        _draw_trajectory(axes[0], alive, objectives[0])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=150)


def _draw_pair(
    axis: Axes,
    alive: Sequence[Evaluation],
    chosen: Sequence[Evaluation],
    x: str,
    y: str,
    *,
    has_steps: bool,
) -> None:
    keys = {e.key for e in chosen}
    others = [e for e in alive if e.key not in keys]
    axis.scatter(
        [e.values[x] for e in others],
        [e.values[y] for e in others],
        s=18,
        color=_DOMINATED,
        alpha=0.7,
        linewidths=0,
        label=f"dominated ({len(others)})",
    )
    ordered = sorted(chosen, key=lambda e: vector(e, (x, y)) or ())
    if has_steps:
        axis.step(
            [e.values[x] for e in ordered],
            [e.values[y] for e in ordered],
            # from its best x on, the front keeps the worse y until the next point's x is reached
            where="post",
            color=_FRONT,
            linewidth=1.2,
        )
    axis.scatter(
        [e.values[x] for e in ordered],
        [e.values[y] for e in ordered],
        s=34,
        color=_FRONT,
        zorder=3,
        label=f"front ({len(chosen)})",
    )
    _name(axis.xaxis, x)
    _name(axis.yaxis, y)
    _draw_grid(axis)


def _draw_trajectory(axis: Axes, alive: Sequence[Evaluation], name: str) -> None:
    values = [e.values[name] for e in alive]
    better = max if OBJECTIVES[name].direction == "maximise" else min
    numbers = range(1, len(values) + 1)
    axis.scatter(
        numbers, values, s=18, color=_DOMINATED, alpha=0.7, linewidths=0, label="candidate"
    )
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
