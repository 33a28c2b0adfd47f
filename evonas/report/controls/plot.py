"""Plot the controls of a network: means with intervals, and differences from the network."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evonas.report.controls.comparison import Comparison
from evonas.report.controls.order import by_difference
from evonas.report.controls.paired import Estimate
from evonas.report.controls.verdict import readable_measure, reported, verdict
from evonas.report.saving import save_figure
from evonas.study.controls.names import NETWORK, group_of

_OTHER = "#334155"
_NETWORK = "#c2410c"
_MEMBER = "#9aa5b1"
_WIDTH_INCHES = 11.0
_ROW_INCHES = 0.27
_HEAD_INCHES = 1.3


def draw_controls(comparisons: Sequence[Comparison], *, path: Path, title: str) -> None:
    """Write a PNG: for each reported measure the means on the left, the differences on the right.

    Filled points in the right panel are differences that are significant at 5 % after Holm's
    adjustment. Pale points are members of a group.

    Args:
        comparisons: comparisons of one network.
        path: path of the picture.
        title: title above the panels.
    """
    rows = reported(comparisons)
    measures = list(dict.fromkeys(row.measure for row in rows))
    controls = max(sum(r.measure == m and not r.is_member for r in rows) for m in measures)
    height = (_HEAD_INCHES + _ROW_INCHES * controls) * len(measures)
    figure = Figure(figsize=(_WIDTH_INCHES, height + 0.5), layout="constrained")
    axes = figure.subplots(len(measures), 2, squeeze=False)
    for pair, measure in zip(axes, measures, strict=True):
        mine = [row for row in rows if row.measure == measure]
        draw_measure(pair[0], pair[1], mine, measure)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def draw_measure(means: Axes | None, gaps: Axes, rows: Sequence[Comparison], measure: str) -> None:
    """Draw one measure: the means of the network and its controls, and the differences.

    Args:
        means: axes for the means; None to draw only the differences.
        gaps: axes for the differences.
        rows: comparisons in this measure.
        measure: name of the measure.
    """
    shown = [row for row in by_difference(rows) if means is not None or row.control != NETWORK]
    places = {row.control: -number for number, row in enumerate(shown)}
    for row in rows:
        if row.control == NETWORK and means is None:
            continue
        place = places[group_of(row.control)] if row.is_member else places[row.control]
        color = _MEMBER if row.is_member else _NETWORK if row.control == NETWORK else _OTHER
        is_found = verdict(row) in ("better", "worse")
        for axis, found, is_filled in ((means, row.own, True), (gaps, row.difference, is_found)):
            if found is not None and axis is not None:
                _draw(axis, found, place, color=color, is_filled=is_filled, is_small=row.is_member)
    own = next((row.own for row in shown if row.control == NETWORK), None)
    if own is not None and means is not None:
        means.axvline(own.mean, color=_NETWORK, linewidth=0.8, linestyle=":")
        if own.low is not None and own.high is not None:
            means.axvspan(own.low, own.high, color=_NETWORK, alpha=0.08, linewidth=0)
    gaps.axvline(0.0, color=_NETWORK, linewidth=0.8)
    for axis in (gaps,) if means is None else (means, gaps):
        axis.set_yticks(list(places.values()))
        axis.set_ylim(-len(shown) + 0.4, 0.6)
        axis.grid(color="#e5e7eb", linewidth=0.6)
        axis.set_axisbelow(True)
    labels = [_label(row) for row in shown]
    if means is None:
        gaps.set_yticklabels(labels)
        gaps.set_xlabel(f"difference in {readable_measure(measure)}")
        return
    means.set_yticklabels(labels, fontsize=8)
    gaps.set_yticklabels([])
    means.set_xlabel(f"{readable_measure(measure)}, mean and 95 % interval")
    gaps.set_xlabel("network minus control (filled: significant at 5 % after Holm)")


def _draw(
    axis: Axes, found: Estimate, place: float, *, color: str, is_filled: bool, is_small: bool
) -> None:
    if is_small:
        axis.plot([found.mean], [place - 0.25], ".", color=color, markersize=4, zorder=2)
        return
    if found.low is not None and found.high is not None:
        axis.plot([found.low, found.high], [place, place], color=color, linewidth=1.2, zorder=3)
    axis.plot(
        [found.mean], [place], "o", color=color, markersize=5, zorder=4,
        markerfacecolor=color if is_filled else "white",
    )  # fmt: skip


def _label(row: Comparison) -> str:
    name = f"{row.control} ({row.members})" if row.members > 1 else row.control
    lost = row.failed + row.collapsed
    return f"{name}, {lost} of {row.trainings} lost" if lost else name
