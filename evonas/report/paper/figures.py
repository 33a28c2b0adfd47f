"""Create figures of one run for a paper, by name; saving is left to the caller."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evonas.errors import ConfigError
from evonas.report.cell_drawing import cells_as_svg
from evonas.report.controls.comparison import compare_controls
from evonas.report.controls.plot import draw_measure
from evonas.report.controls.verdict import reported
from evonas.report.html.course import courses
from evonas.report.html.depths import depths_of
from evonas.report.html.gathering import RunData
from evonas.report.paper.from_svg import figure_of_svg
from evonas.report.paper.style import WIDTH_INCHES
from evonas.report.plot import front_figure


def front(run: RunData, *, key: str | None, columns: int) -> Figure:
    """The front with its errors, one panel per pair of objectives."""
    del key
    if not run.state.candidates:
        raise ConfigError(f"{run.state.folder}: no candidate has been trained yet")
    panels = min(max(1, len(run.objectives) * (len(run.objectives) - 1) // 2), columns)
    width = WIDTH_INCHES[columns]
    return front_figure(
        run.state.candidates,
        run.objectives,
        title="",
        panel_inches=width / (panels + 1 / 7),
        in_a_row=panels,
    )


def hypervolume(run: RunData, *, key: str | None, columns: int) -> Figure:
    """The hypervolume over trainings."""
    del key
    (course,) = courses([run])
    if course is None:
        raise ConfigError(f"{run.state.folder}: no training has produced a value yet")
    figure = Figure(figsize=(WIDTH_INCHES[columns], 2.2), layout="constrained")
    axis = figure.subplots()
    axis.step(course.trainings, course.hypervolume, where="post", color="#0072B2")
    axis.plot(course.trainings[:-1], course.hypervolume[:-1], "D", color="#0072B2", markersize=3)
    axis.set_xlabel("trainings, failures included")
    axis.set_ylabel("normalised hypervolume")
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(color="#e5e7eb", linewidth=0.6)
    axis.set_axisbelow(True)
    return figure


def rules(run: RunData, *, key: str | None, columns: int) -> Figure:
    """Share of each rule at each depth, on the front and among all networks, in shades of grey."""
    del key
    found = depths_of(run)
    if found is None:
        raise ConfigError(f"{run.state.folder}: no candidate has been trained yet")
    panels = [
        ("front", found.front, found.networks[0]),
        ("all", found.everyone, found.networks[1]),
    ]
    across = columns > 1
    height = 0.75 + 0.2 * len(found.rules)
    figure = Figure(
        figsize=(WIDTH_INCHES[columns], height if across else 2 * height), layout="constrained"
    )
    axes = figure.subplots(1 if across else 2, 2 if across else 1, squeeze=False, sharex=True)
    for axis, (name, shares, count) in zip(axes.flat, panels, strict=True):
        known = [[float("nan") if v is None else v for v in row] for row in shares]
        axis.imshow(known, cmap="Greys", vmin=0.0, vmax=1.2, aspect="auto")
        for row, values in enumerate(shares):
            for column, value in enumerate(values):
                if value:
                    ink = "white" if value > 0.65 else "black"
                    text = f"{value:.2f}".removeprefix("0")
                    axis.text(column, row, text, ha="center", va="center", fontsize=6, color=ink)
        axis.set_yticks(range(len(found.rules)), found.rules)
        axis.set_xticks(range(len(found.depths)), found.depths, rotation=30, ha="right")
        axis.set_title(f"{name} ({count})")
        axis.tick_params(length=0)
    return figure


def cells(run: RunData, *, key: str | None, columns: int) -> Figure:
    """The cells of one network."""
    candidate = run.state.find(_chosen(run, key))
    blueprint = run.space.decode(run.space.canonical(run.space.parse(candidate.genome)))
    drawing = cells_as_svg(blueprint.cells, title=f"{candidate.key[:8]}, {run.space.name}")
    return figure_of_svg(drawing, width_inches=WIDTH_INCHES[columns])


def controls(run: RunData, *, key: str | None, columns: int) -> Figure:
    """Differences between one network and its controls, with 95 % intervals."""
    if not run.controls:
        chosen = _chosen(run, key)[:8]
        raise ConfigError(
            f"{run.state.folder}: no network has controls; to train them: evonas ablate "
            f"{run.state.folder} {chosen}"
        )
    found = run.state.find(key).key if key is not None else next(iter(run.controls))
    if found not in run.controls:
        raise ConfigError(
            f"{found}: this network has no controls; to train them: evonas ablate "
            f"{run.state.folder} {found[:8]}"
        )
    rows = reported(compare_controls(run.controls[found]))
    measures = list(dict.fromkeys(row.measure for row in rows))
    names = {row.control for row in rows if not row.is_member}
    height = 0.55 + 0.16 * len(names)
    across = len(measures) if columns > 1 else 1
    down = -(-len(measures) // across)
    figure = Figure(figsize=(WIDTH_INCHES[columns], height * down), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    for axis, measure in zip(axes, measures, strict=False):
        draw_measure(None, axis, [row for row in rows if row.measure == measure], measure)
    for axis in axes[len(measures) :]:
        axis.remove()
    return figure


FIGURES = {
    "front": front,
    "hypervolume": hypervolume,
    "rules": rules,
    "cells": cells,
    "controls": controls,
}
"""Functions that create the figures, keyed by the name for ``evonas plot --figure``."""


def _chosen(run: RunData, key: str | None) -> str:
    if key is not None:
        return key
    if not run.front:
        raise ConfigError(f"{run.state.folder}: no network is on the front yet; give --key")
    return run.front[0].key
